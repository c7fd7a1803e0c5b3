// Requests: what was asked for; those under way first.
import { call, now } from "../api.js";
import { number, safe, when } from "../format.js";
import { Live } from "../live.js";
import { badge, environment, failed, icon, loading, segments, stale } from "../parts.js";
import { html, nothing } from "../vendor/lit-html.js";
import { KINDS, isOpen, requestState } from "../words.js";

/** @typedef {import("../types.js").RequestSummary} RequestSummary */
/** @typedef {{ requests: RequestSummary[], next: string | null }} Seen */

const STATES = [["", "State"], ["requested", "Opening the pull request"], ["pull_request_open", "In review"], ["merged", "In the queue"], ["applying", "Being applied"], ["done", "Done"], ["failed", "Failed"], ["rejected", "Rejected"], ["cancelled", "Cancelled"]];

/** @param {import("../types.js").App} app @returns {import("../types.js").Page} */
export function open(app) {
  let pages = 1;
  const live = new Live((signal) => load(app.query(), pages, signal), app.draw);
  return {
    title: () => "Requests",
    close: () => live.close(),
    again: () => live.again(),
    filtered: () => {
      pages = 1;
      live.again();
    },
    ticks: () => live.problem !== null,
    view: () => html`<div class="head"><div><h1>Requests</h1><p>What team ${app.team()} asked for; what is under way stands first</p></div><div class="tools"><a class="btn primary" href="#/new">${icon("plus")} New database</a></div></div>
      ${stale(live, now())}${live.value ? list(app, live, live.value, () => {
        pages += 1;
        live.again();
      }) : live.problem ? failed(live.problem, live.next, now(), () => live.again()) : loading("the requests")}`,
  };
}

/** @param {URLSearchParams} filters @param {number} pages @param {AbortSignal} signal */
async function load(filters, pages, signal) {
  /** @type {RequestSummary[]} */
  const requests = [];
  /** @type {string | null} */
  let next = null;
  for (let page = 0; page < pages && (page === 0 || next); page += 1) {
    /** @type {Record<string, string>} */
    const query = { page_size: "50", ...(next ? { page_token: next } : {}) };
    for (const name of ["environment", "state"]) if (filters.get(name)) query[name] = filters.get(name) ?? "";
    const { body } = /** @type {{ body: { requests: RequestSummary[], next_page_token: string | null } }} */ (await call("GET", "/requests", { query, signal }));
    requests.push(...body.requests);
    next = body.next_page_token;
  }
  return { value: { requests, next }, wait: requests.some(isOpen) ? 5 : 30 };
}

/** @param {import("../types.js").App} app @param {Live<Seen>} live @param {Seen} seen @param {() => void} more */
function list(app, live, seen, more) {
  const query = app.query();
  const rows = [...seen.requests].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || (a.created_at < b.created_at ? 1 : -1));
  const state = query.get("state") ?? "";
  return html`<section class="card clip" aria-labelledby="list"><h2 class="sr" id="list">All requests</h2>
    <div class="bar-tools">${segments([{ id: "", label: "All" }, ...Object.keys(app.catalog()?.environments ?? {}).map((name) => ({ id: name, label: name }))], query.get("environment") ?? "", "Environment", (chosen) => app.filter({ environment: chosen }))}
      <span class="pull"><select class="filter" aria-label="State" @change=${(/** @type {Event} */ event) => app.filter({ state: /** @type {HTMLSelectElement} */ (event.target).value })}>${STATES.map(([value, text]) => html`<option value=${value} ?selected=${value === state}>${text}</option>`)}</select>${icon("down", true)}</span>
      <span class="dim small push">${rows.length} shown · as of ${live.at?.toISOString().slice(11, 19)}</span></div>
    ${rows.length ? html`<table class="table list reqs"><thead><tr><th scope="col">Request</th><th scope="col">Environment</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Asked by</th><th scope="col">Pull request</th></tr></thead><tbody>${rows.map((one) => row(app, one))}</tbody></table>`
      : html`<div class="empty"><h2>${state || query.get("environment") ? "Nothing fits these filters" : "Nothing was asked for yet"}</h2><div class="row">${state || query.get("environment") ? html`<button class="btn" type="button" @click=${() => app.filter({ state: "", environment: "" })}>Show all</button>` : html`<a class="btn primary" href="#/new">${icon("plus")} New database</a>`}</div></div>`}
    ${seen.next ? html`<footer><button class="btn sm" type="button" @click=${more}>Show older ones</button></footer>` : nothing}</section>`;
}

/** @param {import("../types.js").App} app @param {RequestSummary} one */
function row(app, one) {
  const { shape, word } = requestState(one, app.catalog()?.environments[one.environment]?.approval === "review");
  const pull = safe(one.links.pull_request);
  return html`<tr><td><a class="name" href="#/requests/${one.id}">${KINDS[one.kind]} ${one.environment}/${one.database_name}</a>${one.reason ? html`<span class="under">“${one.reason}”</span>` : nothing}</td>
    <td class="kv" data-l="Environment">${environment(one.environment)}</td><td class="kv" data-l="State"><span>${badge(shape, word)}</span></td>
    <td class="kv" data-l="Since">${when(new Date(one.updated_at), now())}</td><td class="kv" data-l="Asked by">${one.requested_by}</td>
    <td class="kv" data-l="Pull request">${pull ? html`<a href=${pull} rel="noreferrer">#${number(pull)}</a>` : html`<span class="dim">not yet</span>`}</td></tr>`;
}
