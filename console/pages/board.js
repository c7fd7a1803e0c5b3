// Board: what all teams have, what waits, failed or ends, and what it costs. For operators.
import { Problem, call, now } from "../api.js";
import { named } from "../boxes.js";
import { spendChart, spendLegend, timeChart, timeLegend } from "../charts.js";
import { about, counted, safe, span, usd, when } from "../format.js";
import { Live } from "../live.js";
import { environment, failed, icon, life, loading, segments, stale } from "../parts.js";
import { html, nothing } from "../vendor/lit-html.js";
import { KINDS, STEPS } from "../words.js";

/** @typedef {import("../types.js").Board} Board */
/** @typedef {import("../types.js").App} App */
/** @typedef {import("../types.js").AdminRequest} AdminRequest */
/** @typedef {{ app: App, live: Live<Board>, busy: Set<string> }} Frame */

const SPANS = [{ id: "1", label: "24 h" }, { id: "7", label: "7 days" }, { id: "", label: "30 days" }];
/** @type {Record<string, string>} */
const NAMES = { pull_request: "Pull request", review: "Review", queue: "Queue", apply: "Apply", users: "Users" };

/** @param {App} app @returns {import("../types.js").Page} */
export function open(app) {
  const live = new Live((signal) => load(app, signal), app.draw);
  /** @type {Frame} */
  const frame = { app, live, busy: new Set() };
  return {
    title: () => "Board",
    close: () => live.close(),
    again: () => live.again(),
    filtered: () => live.again(),
    ticks: () => live.problem !== null,
    view: () => view(frame),
  };
}

/** @param {App} app @param {AbortSignal} signal */
async function load(app, signal) {
  const days = app.query().get("days") ?? "";
  /** @type {{ body: Board }} */
  const { body } = await call("GET", "/admin/board", { query: days ? { days } : {}, signal });
  return { value: body, wait: 15 };
}

/** @param {Frame} frame */
function view(frame) {
  const { app, live } = frame;
  const board = live.value;
  return html`<div class="head"><div><h1>Board</h1>${board ? html`<p>All teams: ${counted(board.spend.teams.length, "team")}, ${counted(board.spend.databases, "database")}, ${usd(board.spend.usual_usd ?? board.spend.monthly_usd)} USD a month. As of ${board.as_of.slice(11, 19)} UTC.</p>` : nothing}</div>
    ${board ? html`<div class="tools">${segments(SPANS, app.query().get("days") ?? "", "Time of the creations", (days) => app.filter({ days }))}
      <button class="btn" type="button" @click=${() => exported(board)}>Export CSV</button></div>` : nothing}</div>
    ${stale(live, now())}${board ? whole(frame, board) : live.problem ? failed(live.problem, live.next, now(), () => live.again()) : loading("the board")}`;
}

/** @param {Frame} frame @param {Board} board */
function whole(frame, board) {
  return html`${stats(board)}${flow(board)}
    <div class="half">${timesCard(board)}${queueCard(board)}</div>
    ${failedCard(frame, board)}${spendCard(board)}
    <div class="half even">${endsCard(board)}<section class="card clip" aria-labelledby="d-h">${drift(board)}${channels(board)}${deadLetters(frame, board)}</section></div>`;
}

/** How long since. @param {string} at */
const since = (at) => about((now().getTime() - Date.parse(at)) / 1000);

/** @param {Board} board */
function stats(board) {
  const waits = board.queue.reduce((sum, one) => sum + one.waiting.length, 0);
  const applied = board.queue.reduce((sum, one) => sum + one.applying.length, 0);
  const oldest = board.queue.map((one) => one.oldest_since).filter(Boolean).sort()[0];
  const dead = board.dead_letters.filter((one) => one.count);
  const [first] = board.times.environments;
  const again = board.failed.filter((one) => one.retryable).length;
  return html`<dl class="stats five">
    <div class="stat"><dt>Queue</dt><dd class="v">${waits} <small>wait, ${applied} ${applied === 1 ? "is" : "are"} applied</small></dd><dd class="n">${oldest ? `the first since ${when(new Date(oldest), now())}` : "nothing waits"}</dd></div>
    <div class="stat"><dt>Waits for approval</dt><dd class="v">${board.approvals.length}</dd><dd class="n">${board.approvals[0] ? html`<b class="warn-t">the longest for ${since(board.approvals[0].since)}</b>` : "nobody is waited for"}</dd></div>
    <div class="stat"><dt>Failed, not fixed</dt><dd class="v ${board.failed.length ? "bad-t" : ""}">${board.failed.length}</dd><dd class="n">${board.failed.length ? `${again} can be tried again` : "all went through"}</dd></div>
    <div class="stat"><dt>Dead letters</dt><dd class="v ${dead.length ? "bad-t" : ""}">${dead.reduce((sum, one) => sum + one.count, 0)}</dd><dd class="n">${dead.length ? dead.map((one) => one.queue).join(", ") : "every message was done"}</dd></div>
    <div class="stat"><dt>Time to a database${first ? `, ${first.environment}` : nothing}</dt><dd class="v">${first?.half ? span(first.half) : "–"}</dd><dd class="n">${first?.nine_of_ten ? `9 of 10 within ${span(first.nine_of_ten)}` : "not known yet"}</dd></div>
  </dl>`;
}

/** @param {Board} board */
function flow(board) {
  const count = (/** @type {string} */ state) => board.states[state] ?? 0;
  return html`<section class="card" aria-labelledby="st-h"><h2 class="sr" id="st-h">Requests by state</h2><ol class="flow">
    <li><b>${count("requested")}</b><span>Requested</span></li>
    <li><b>${count("pull_request_open")}</b><span>Pull request</span>${board.approvals.length ? html`<small>${board.approvals.length} for a reviewer</small>` : nothing}</li>
    <li><b>${count("merged")}</b><span>Merged</span><small>in the queue</small></li><li><b>${count("applying")}</b><span>Applying</span></li>
    <li class="end"><b>${count("done")}</b><span>Done in 24 h</span></li><li class="out"><b class="bad-t">${count("failed")}</b><span>Failed</span></li></ol></section>`;
}

/** @param {Board} board */
function timesCard(board) {
  const { steps, environments, creations } = board.times;
  const rows = [
    ...steps.map((of) => ({ name: NAMES[of.step ?? ""] ?? of.step ?? "", under: of.step === "review" ? "plan, and reviewers" : "", of, all: false })),
    ...environments.map((of) => ({ name: `All, ${of.environment}`, under: of.approval === "auto" ? "no review" : "", of, all: true })),
  ];
  return html`<section class="card" aria-labelledby="t-h"><header><h2 id="t-h">Time by step</h2><span class="small dim">${counted(creations, "creation")}</span>${timeLegend()}</header>
    <div class="body">${timeChart(rows)}</div><footer>Creations that were done, since ${when(new Date(board.times.since), now())}.</footer></section>`;
}

/** @param {{ id: string, environment: string, database_name: string }} one */
const link = (one) => html`<a class="name" href="#/requests/${one.id}">${one.environment}/${one.database_name}</a>`;

/** @param {Board} board */
function queueCard(board) {
  return html`<section class="card" aria-labelledby="q-h"><header><h2 id="q-h">Queue</h2></header><div class="body">
    <table class="plots q"><thead><tr><th scope="col">In</th><th scope="col">Is applied now</th><th scope="col" class="num">Wait</th><th scope="col" class="num">Oldest</th></tr></thead>
    <tbody>${board.queue.map((one) => html`<tr><th scope="row">${environment(one.environment)}</th><td>${one.applying.length ? one.applying.map((each) => html`<div>${each.team}/${each.database_name}, ${(KINDS[each.kind] ?? each.kind).toLowerCase()} <span class="dim">${since(each.since)}</span></div>`) : html`<span class="dim">nothing</span>`}</td>
      <td class="num">${one.waiting.length}</td><td class="num">${one.oldest_since ? since(one.oldest_since) : "–"}</td></tr>`)}</tbody></table>
    <h3 class="approvals-h">Waits for approval</h3>${
      board.approvals.length
        ? html`<ul class="log app">${board.approvals.map((one) => html`<li><span>${link(one)} <span class="dim">${one.team}</span><br><span class="sub small">${(KINDS[one.kind] ?? one.kind).toLowerCase()}${difference(one.monthly_usd_difference)}</span></span>
            <span class="small">${named(one.approvers.length ? one.approvers : one.approval_of)}<br><span class=${Date.parse(board.as_of) - Date.parse(one.since) > 864e5 ? "warn-t" : "sub"}>${since(one.since)}</span></span></li>`)}</ul>`
        : html`<p class="sub">Nothing waits for a reviewer.</p>`
    }</div></section>`;
}

/** @param {number | null} amount */
function difference(amount) {
  if (!amount) return "";
  return `, ${amount > 0 ? "+" : "−"}${usd(Math.abs(amount))} a month`;
}

/** @param {Board} board */
function spendCard(board) {
  return html`<section class="card" aria-labelledby="sp-h"><header><h2 id="sp-h">Spend by team and environment</h2><span class="small dim">USD a month, list price of ${board.spend.region}, as quotas count it</span>${spendLegend(board.spend)}</header>
    ${board.spend.teams.length ? html`<div class="body">${spendChart(board.spend)}</div>` : html`<p class="empty-line">No team has a database.</p>`}</section>`;
}

/** @param {Frame} frame @param {Board} board */
function failedCard(frame, board) {
  if (!board.failed.length) return nothing;
  return html`<section class="card clip" aria-labelledby="f-h"><header><h2 id="f-h">Failed, not fixed</h2><span class="count">${board.failed.length}</span></header>
    <table class="table list brd"><thead><tr><th scope="col">Request</th><th scope="col">Team</th><th scope="col">Cause</th><th scope="col">What helps</th><th scope="col">Since</th><th scope="col"><span class="sr">Do</span></th></tr></thead>
    <tbody>${board.failed.map((one) => html`<tr><td>${link(one)}<span class="under">${(KINDS[one.kind] ?? one.kind).toLowerCase()}, ${STEPS[one.step] ?? one.step}</span></td><td class="kv nowrap" data-l="Team">${one.team}</td>
      <td>${one.cause}</td><td class="sub">${one.fix}</td><td class="kv nowrap" data-l="Since">${when(new Date(one.since), now())}</td><td class="num">${
        one.retryable
          ? html`<button class="btn sm" type="button" aria-label="Try again: ${one.environment}/${one.database_name}" ?disabled=${frame.busy.has(one.id)} @click=${() => act(frame, one.id, `/requests/${one.id}/retry`, `${one.environment}/${one.database_name} is tried again.`)}>${icon("turn")} Try again</button>`
          : html`<a class="btn sm" href="#/requests/${one.id}" aria-label="Open the request of ${one.environment}/${one.database_name}">Open</a>`
      }</td></tr>`)}</tbody></table></section>`;
}

/** USD of a usual month. @param {Board["expiring"][number]} one */
function usual(one) {
  return one.usual_usd ?? one.monthly_usd;
}

/** @param {Board} board */
function endsCard(board) {
  const cost = board.expiring.reduce((sum, one) => sum + (usual(one) ?? 0), 0);
  return html`<section class="card clip" aria-labelledby="x-h"><header><h2 id="x-h">Ends within 7 days</h2><span class="count">${board.expiring.length}</span>${cost ? html`<span class="small dim push">${usd(cost)} USD a month</span>` : nothing}</header>
    ${board.expiring.length ? html`<table class="table list brd"><thead><tr><th scope="col">Database</th><th scope="col">Lifetime</th><th scope="col">Last connection</th><th scope="col" class="num">USD</th></tr></thead>
    <tbody>${board.expiring.map((one) => html`<tr><td><a class="name" href="#/databases/${one.environment}/${one.database_name}">${one.environment}/${one.database_name}</a><span class="under">${one.team}${one.owner ? `, ${one.owner}` : nothing}</span></td>
      <td>${life(one, now())}</td><td class="kv" data-l="Last connection"><span>${one.last_connection_at ? `${since(one.last_connection_at)} ago` : "none seen"}${one.idle_since ? html` <span class="tag">idle</span>` : nothing}</span></td><td class="num kv" data-l="USD a month">${usual(one) === null ? "–" : usd(usual(one) ?? 0)}</td></tr>`)}</tbody></table>` : html`<p class="empty-line">No database ends soon.</p>`}</section>`;
}

/** @param {Board} board */
function drift(board) {
  return html`<header><h2 id="d-h">Drifted from git</h2><span class="count">${board.drift.length}</span></header>${
    board.drift.length
      ? html`<table class="table list brd"><thead><tr><th scope="col">Database</th><th scope="col">Since</th><th scope="col">What differs</th></tr></thead><tbody>${board.drift.map((one) => html`<tr><td><a class="name" href="#/databases/${one.environment}/${one.database_name}">${one.environment}/${one.database_name}</a><span class="under">${one.team}</span></td>
        <td class="kv" data-l="Since">${when(new Date(one.since), now())}</td><td>${safe(one.link) ? html`<a href=${one.link} rel="noreferrer">The nightly check</a>` : "in the nightly check"}</td></tr>`)}</tbody></table>`
      : html`<p class="empty-line">Every database is as git says, as far as the last nightly check found.</p>`
  }`;
}

/** Those that take no messages; without any, no word of it. @param {Board} board */
function channels(board) {
  const failing = board.channels ?? [];
  return failing.length
    ? html`<header class="dead"><h2>Channels that take no messages</h2><span class="count">${failing.length}</span></header>
      <table class="table list brd"><thead><tr><th scope="col">Channel</th><th scope="col">Since</th><th scope="col">Cause and fix</th></tr></thead><tbody>${failing.map((one) => html`<tr><td><b>${one.channel}</b><span class="under">${one.team}</span></td>
        <td class="kv nowrap" data-l="Since">${when(new Date(one.since), now())}</td><td>${one.cause}<span class="under">${one.fix}</span></td></tr>`)}</tbody></table>`
    : nothing;
}

/** @param {Frame} frame @param {Board} board */
function deadLetters(frame, board) {
  const held = board.dead_letters.filter((one) => one.count);
  return html`<header class="dead"><h2>Dead letters</h2><span class="count">${held.reduce((sum, one) => sum + one.count, 0)}</span></header>${
    held.length
      ? html`<table class="table list brd"><thead><tr><th scope="col">Queue</th><th scope="col">Messages</th><th scope="col"><span class="sr">Do</span></th></tr></thead><tbody>${held.map((one) => html`<tr><td><b>${one.queue}</b><span class="under">${one.count}${one.messages[0] ? `, since ${when(new Date(one.messages[0].since), now())}` : nothing}</span></td>
        <td class="facts-line">${one.messages.slice(0, 3).map((message) => html`<div>${Object.values(message.about).join(", ") || "not readable"}</div>`)}${one.count > 3 ? html`<span class="under">and ${one.count - 3} more</span>` : nothing}</td>
        <td class="num">${one.can_send_back ? html`<button class="btn sm" type="button" aria-label="Send back the messages of ${one.queue}" ?disabled=${frame.busy.has(one.queue)} @click=${() => act(frame, one.queue, `/admin/dead-letters/${one.queue}/send-back`, `Messages of ${one.queue} are in their queue again.`)}>Send back</button>` : html`<span class="dim">see its alarm</span>`}</td></tr>`)}</tbody></table>`
      : html`<p class="empty-line">Every message was done.</p>`
  }`;
}

/** @param {Frame} frame @param {string} id @param {string} path @param {string} said */
async function act(frame, id, path, said) {
  frame.busy.add(id);
  frame.app.draw();
  try {
    await call("POST", path, { headers: { "idempotency-key": crypto.randomUUID() } });
    frame.app.toast(said);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    frame.live.problem = error;
  } finally {
    frame.busy.delete(id);
    frame.app.draw();
  }
  frame.live.again();
}

/** What the charts show, as a file. @param {Board} board */
function exported(board) {
  const names = board.spend.environments;
  const rows = [
    ["team", ...names.map((name) => `${name}_usd_a_month`), "usd_a_month", "databases"],
    ...board.spend.teams.map((team) => [team.team, ...names.map((name) => team.environments[name]?.monthly_usd ?? 0), team.monthly_usd, team.databases]),
    [],
    ["step_or_environment", "half_seconds", "nine_of_ten_seconds", "ninety_nine_of_100_seconds", "creations"],
    ...[...board.times.steps, ...board.times.environments].map((one) => [one.step ?? one.environment ?? "", one.half ?? "", one.nine_of_ten ?? "", one.most ?? "", one.count]),
  ];
  const text = rows.map((row) => row.map(cell).join(",")).join("\r\n");
  const url = URL.createObjectURL(new Blob([text, "\r\n"], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `rds-provisioner-${board.as_of.slice(0, 10)}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}

/** Quoted where it has to be; a text that a spreadsheet would calculate stays a text. @param {string | number} value */
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
