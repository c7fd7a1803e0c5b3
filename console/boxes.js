// The parts that the pages beyond the first need too: code that can be copied, tabs, their icons.
import { day, usd } from "./format.js";
import { drawn, toast } from "./parts.js";
import { html, svg } from "./vendor/lit-html.js";

const SIGNS = {
  branch: svg`<circle cx="4" cy="3.8" r="1.7"/><circle cx="4" cy="12.2" r="1.7"/><circle cx="12" cy="5.4" r="1.7"/><path d="M4 5.5v5M12 7.1c0 2.6-3.4 2.4-6.4 3.6"/>`,
  check: svg`<path d="m3.5 8.5 3 3 6-7"/>`,
  chev: svg`<path d="m6 3.5 4.5 4.5L6 12.5"/>`,
  clock: svg`<circle cx="8" cy="8" r="6"/><path d="M8 4.6V8l2.3 1.6"/>`,
  copy: svg`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 3.2c-.2-.5-.6-.7-1.2-.7H4C3 2.5 2.5 3 2.5 4v5.3c0 .6.2 1 .7 1.2"/>`,
  key: svg`<circle cx="5.2" cy="10.8" r="2.6"/><path d="m7.1 8.9 5.6-5.6M10.6 5.4l1.9 1.9"/>`,
  layers: svg`<path d="m8 2.5 5.5 2.8L8 8.1 2.5 5.3ZM2.5 8 8 10.8 13.5 8M2.5 10.7 8 13.5l5.5-2.8"/>`,
  lock: svg`<rect x="3.2" y="7" width="9.6" height="6.5" rx="1.3"/><path d="M5.2 7V5a2.8 2.8 0 0 1 5.6 0v2"/>`,
  play: svg`<circle cx="8" cy="8" r="6"/><path d="m6.7 5.6 3.8 2.4-3.8 2.4Z"/>`,
  pr: svg`<circle cx="4" cy="3.8" r="1.7"/><circle cx="4" cy="12.2" r="1.7"/><circle cx="12" cy="12.2" r="1.7"/><path d="M4 5.5v5M12 10.5V6.2c0-1.2-.8-2-2-2H8M9.6 2.4 7.8 4.2 9.6 6"/>`,
  trash: svg`<path d="M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.6M9.2 7v3.6"/>`,
  user: svg`<circle cx="8" cy="5.4" r="2.6"/><path d="M2.8 13.6c.5-2.8 2.6-4 5.2-4s4.7 1.2 5.2 4"/>`,
  x: svg`<path d="m4 4 8 8M12 4l-8 8"/>`,
};

/** @param {keyof typeof SIGNS} name @param {boolean} [small] */
export function sign(name, small = false) {
  return drawn(SIGNS[name], small);
}

/** @param {Event} event @param {string} text */
export async function copy(event, text) {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    toast("The browser did not allow copying. Select the text instead.");
    return;
  }
  button.classList.add("done");
  toast("Copied");
  setTimeout(() => button.classList.remove("done"), 1600);
}

/** @param {string} text @param {string} what for those who do not see it */
export function copyButton(text, what, label = "Copy") {
  return html`<button class="copy" type="button" aria-label=${what} @click=${(/** @type {Event} */ event) =>
    copy(event, text)}>${sign("copy", true)} <span>${label}</span></button>`;
}

/** @param {string} text @param {string} label @param {boolean} [wraps] */
export function code(text, label, wraps = false) {
  return html`<div class=${wraps ? "code w" : "code"}><pre tabindex="0" role="region" aria-label=${label}>${colored(
    text,
  )}</pre>${copyButton(text, `Copy: ${label}`)}</div>`;
}

/** Comments dimmed, strings and words that do something coloured. @param {string} text */
function colored(text) {
  const parts = text.split(/(^(?:#|\/\/ ).*$|"[^"]*"|\b(?:export|import|from|const|await|new|with|as|var|module|backend|terraform|provider)\b)/m);
  return parts.map((part, at) => {
    if (at % 2 === 0) return part;
    const kind = /^["]/.test(part) ? "q" : /^(#|\/\/)/.test(part) ? "c" : "k";
    return html`<span class=${kind}>${part}</span>`;
  });
}

/**
 * Tabs that arrows, Home and End move through.
 * @param {{ id: string, label: string }[]} tabs @param {string} chosen
 * @param {string} label @param {(id: string) => void} choose
 */
export function tabs(tabs, chosen, label, choose) {
  /** @param {KeyboardEvent} event */
  const move = (event) => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    choose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} @keydown=${move}>${tabs.map(
    (tab) => html`<button type="button" role="tab" id="tab-${tab.id}" aria-controls="panel-${label.replaceAll(" ", "-")}"
      aria-selected=${tab.id === chosen} tabindex=${tab.id === chosen ? 0 : -1} @click=${() => choose(tab.id)}>${tab.label}</button>`,
  )}</div>`;
}

/** @param {string} at @param {Date} now */
export function time(at, now) {
  const moment = new Date(at);
  return html`<time datetime=${at}>${day(moment, now)} ${at.slice(11, 16)}</time>`;
}

/** USD; a dash where it is not known. @param {number | null} amount */
export function known(amount) {
  return amount === null ? "–" : usd(amount);
}

/** `, 20 GB`; nothing for a cluster, whose storage has no size. @param {number | null} gb */
export function storage(gb) {
  return gb === null ? "" : `, ${gb} GB`;
}

/** Whether a size is one of an engine's. @param {import("./types.js").Size | undefined} size @param {string} engine */
export function takes(size, engine) {
  return size?.engines?.includes(engine) ?? true;
}

/** What clients speak to an engine: aurora-postgresql speaks postgres. @param {string} engine */
export function dialect(engine) {
  return ["postgres", "mysql"].find((name) => engine.includes(name)) ?? engine;
}

/** What a size is: an instance's class, a cluster's range. @param {import("./types.js").Size | undefined} size */
export function sort(size) {
  if (!size) return "";
  return size.instance_class ? `${size.instance_class}${capacity(size)}` : units({ min_acu: size.min_acu ?? 0, max_acu: size.max_acu ?? 0 }, size.pause_after ?? "");
}

/** `0 to 2 ACU, asleep after 10m`. @param {{ min_acu: number, max_acu: number }} range @param {string} pause */
export function units(range, pause) {
  return `${range.min_acu} to ${range.max_acu} ACU${pause ? `, asleep after ${pause}` : ""}`;
}

/** What a database has: its class, or its range. @param {import("./types.js").Description} one @param {import("./types.js").Size | undefined} size */
export function held(one, size) {
  if (!one.capacity) return `${one.instance_class}${capacity(size)}`;
  const pause = one.capacity.pause_after;
  return units(one.capacity, pause ? (pause % 3600 ? `${pause / 60}m` : `${pause / 3600}h`) : "");
}

/** A cluster's month at its least and at its most, next to the usual one. @param {import("./types.js").CostRange | null | undefined} range */
export function ends(range) {
  return range ? `${usd(range.least_usd)} ${range.sleeps ? "asleep" : "at the minimum"}, ${usd(range.most_usd)} at the maximum, which the budget counts. ${range.assumption[0]?.toUpperCase()}${range.assumption.slice(1)}.` : "";
}

/**
 * USD a month of a size, by engine and zones, without storage; by a catalog's own price where that is all. A
 * cluster's is that of a usual month, with storage and without a reader.
 * @param {import("./types.js").Size | undefined} size @param {string} engine @param {boolean} standby
 */
export function sizePrice(size, engine, standby) {
  const prices = size?.prices[engine];
  return known(prices?.usual ?? prices?.[standby ? "standby" : "one_zone"] ?? (standby ? null : (size?.monthly_usd ?? null)));
}

/** A size's vCPUs and memory, where the catalog knows them. @param {{ vcpus: number | null, memory_gib: number | null } | undefined} size */
export function capacity(size) {
  return size?.vcpus && size.memory_gib ? `, ${size.vcpus} vCPU, ${size.memory_gib} GiB` : "";
}

/** Of whom one decides: three names, and how many others. @param {string[]} people */
export function named(people) {
  return [...people.slice(0, 3), ...(people.length > 3 ? [`${people.length - 3} others`] : [])].join(" or ");
}
