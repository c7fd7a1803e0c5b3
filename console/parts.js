// The parts that pages are made of; DESIGN.md's table of states is what each can show.
import { about, usd } from "./format.js";
import { html, nothing, svg } from "./vendor/lit-html.js";

/** @typedef {import("./vendor/lit-html.js").TemplateResult} Markup */
/** @typedef {"ok" | "run" | "wait" | "bad" | "off"} Shape */

const ICONS = {
  alert: svg`<path d="M8 2.2 14.3 13H1.7ZM8 6.4v3M8 11.2v.1"/>`,
  down: svg`<path d="m4 6 4 4 4-4"/>`,
  info: svg`<circle cx="8" cy="8" r="6"/><path d="M8 7.4v3.4M8 5.2v.1"/>`,
  plus: svg`<path d="M8 3v10M3 8h10"/>`,
  search: svg`<circle cx="7" cy="7" r="4.2"/><path d="m10.2 10.2 3.3 3.3"/>`,
  sun: svg`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9"/>`,
  turn: svg`<path d="M13 8a5 5 0 1 1-1.5-3.6L13.2 6M13.2 2.6V6H9.8"/>`,
};

/** @typedef {keyof typeof ICONS} Sign */

/** @param {Sign} name @param {boolean} [small] */
export function icon(name, small = false) {
  return drawn(ICONS[name], small);
}

/** @param {Markup} lines @param {boolean} [small] */
export function drawn(lines, small = false) {
  return html`<svg class=${small ? "i s" : "i"} viewBox="0 0 16 16" aria-hidden="true">${lines}</svg>`;
}

/** A state: a shape and a word, never a colour alone. @param {Shape} shape @param {unknown} word */
export function badge(shape, word) {
  return html`<span class="badge ${shape}"><span class="d"></span>${word}</span>`;
}

/** @param {string} name */
export function environment(name) {
  const weight = ["dev", "staging", "prod"].includes(name) ? name : "staging";
  return html`<span class="env ${weight}">${name}</span>`;
}

/**
 * How much of a life is spent, with ticks where its people are warned.
 * @param {{ created_at: string, expires_at: string, state: string, warnings_at: string[] }} one
 * @param {Date} now
 */
export function life(one, now) {
  if (one.state === "removed") return html`<span class="dim">ended</span>`;
  if (one.expires_at === "never") return lifeBar("never", 0, [], "No end", "");
  const start = Date.parse(one.created_at);
  const end = Date.parse(one.expires_at);
  const left = (end - now.getTime()) / 1000;
  const whole = (end - start) / 1000;
  const of = `of ${about(whole)}`;
  if (one.state === "removing" || left <= 0) return lifeBar("", 100, [], "Ends now", "");
  const ticks = one.warnings_at.map((at) => (100 * (Date.parse(at) - start)) / (end - start));
  const spent = 100 * (1 - left / whole);
  if (one.state === "pending") return lifeBar("", 0, ticks, about(left), "when ready");
  const late = ticks.filter((tick) => spent >= tick).length;
  return lifeBar(["", "soon", "last"][late] ?? "", spent, ticks, `${about(left)} left`, of);
}

/** @param {string} kind @param {number} spent @param {number[]} ticks @param {string} says @param {string} of */
function lifeBar(kind, spent, ticks, says, of) {
  return html`<div class="life ${kind}"><span class="t"><b>${says}</b><span class="dim">${of}</span></span
    ><span class="bar" .style=${`--at:${spent.toFixed(1)}%`}><i></i>${ticks.map(
      (tick) => html`<b .style=${`--w:${tick.toFixed(1)}%`}></b>`,
    )}</span></div>`;
}

/** @param {"" | "accent" | "warn" | "bad"} kind @param {Sign} sign @param {unknown} content */
export function note(kind, sign, content, action = /** @type {unknown} */ (nothing)) {
  return html`<div class="note ${kind}">${icon(sign)}<div>${content}</div>${action}</div>`;
}

/** Said once, to everyone who looks or listens. @param {string} text */
export function toast(text) {
  const said = document.createElement("div");
  said.className = "toast";
  said.textContent = text;
  document.querySelector(".toasts")?.append(said);
  setTimeout(() => said.remove(), 5000);
}

/**
 * One choice of a few, as buttons.
 * @param {{ id: string, label: string }[]} choices @param {string} chosen
 * @param {string} label @param {(id: string) => void} choose
 */
export function segments(choices, chosen, label, choose) {
  return html`<div class="seg" role="group" aria-label=${label}>${choices.map(
    (one) => html`<button type="button" aria-pressed=${one.id === chosen} @click=${() => choose(one.id)}>${one.label}</button>`,
  )}</div>`;
}

/** What is used, and what this would add. @param {number} held @param {number} add @param {number} limit */
export function meter(held, add, limit) {
  const share = (/** @type {number} */ amount) => `${Math.min(100, (100 * amount) / limit).toFixed(1)}%`;
  const over = held + add > limit && add > 0;
  return html`<div class="meter" role="img" aria-label=${`${usd(held)} of ${usd(limit)} is held${
    add > 0 ? `, and this adds ${usd(add)}` : ""
  }`}><i .style=${`--w:${share(held)}`}></i>${
    add > 0 ? html`<i class=${over ? "over" : "add"} .style=${`--w:${share(add)}`}></i>` : nothing
  }</div>`;
}

/** The outlines of a page that is not there yet; they show after 300 ms. @param {string} what */
export function loading(what) {
  const widths = [180, 140, 210, 160, 190, 150];
  return html`<section class="card late" aria-busy="true"><p class="sr" role="status">Loading ${what}</p>
    <div class="body stack" aria-hidden="true">${widths.map(
      (width) => html`<div class="row skel-row"><span class="skel" .style=${`width:${width}px`}></span><span class="skel skel-s"></span
        ><span class="skel push skel-l"></span></div>`,
    )}</div></section>`;
}

/**
 * A page that could not be loaded: what failed, what is safe, when it is tried again.
 * @param {import("./api.js").Problem} problem @param {Date | null} next @param {Date} now @param {() => void} again
 */
export function failed(problem, next, now, again) {
  const left = next ? Math.max(0, Math.ceil((next.getTime() - now.getTime()) / 1000)) : 0;
  return html`<section class="card"><div class="empty" role="alert"><h2>${problem.title}</h2><p>${problem.detail}${
    left ? html` <span aria-live="off">Next try in ${left} s.</span>` : nothing
  }</p><div class="row"><button class="btn" type="button" @click=${again}>${icon("turn")} Try now</button></div>${
    problem.call ? html`<p class="small dim">Call ${problem.call}, for the platform team</p>` : nothing
  }</div></section>`;
}

/**
 * That what is shown is from before; nothing while it is not.
 * @param {{ problem: import("./api.js").Problem | null, at: Date | null, next: Date | null, again: () => void }} live
 * @param {Date} now
 */
export function stale(live, now) {
  if (!live.problem || !live.at) return nothing;
  const left = live.next ? Math.max(0, Math.ceil((live.next.getTime() - now.getTime()) / 1000)) : 0;
  return html`<div class="stale" role="status">${note(
    "bad",
    "alert",
    html`<p><b>As of ${live.at.toISOString().slice(11, 19)} UTC.</b> ${live.problem.title}. ${
      live.problem.kind === "problem" ? live.problem.detail : nothing
    } <span aria-hidden="true">${left ? `Next try in ${left} s.` : ""}</span></p>`,
    html`<button class="btn sm push" type="button" @click=${() => live.again()}>Try now</button>`,
  )}</div>`;
}
