// Databases: what the team has, what each costs and when it ends, and what wants a look today.
import { get, now } from "../api.js";
import { about, counted, day, engine, round, usd, usual, when } from "../format.js";
import { Live } from "../live.js";
import { badge, environment, failed, icon, life, loading, meter, segments, stale } from "../parts.js";
import { html, nothing } from "../vendor/lit-html.js";
import { STEPS, databaseState, isOpen } from "../words.js";

/** @typedef {import("../types.js").Database} Database */
/** @typedef {import("../types.js").App} App */
/** @typedef {Map<Database, ReturnType<typeof databaseState>>} States */
/** @typedef {{ databases: Database[], removed: boolean, quota: import("../types.js").Quota, whole: boolean, long: typeof import("../rows.js") | null }} Seen */
/** @typedef {{ rows: import("../rows.js").Rows | null, of: unknown[], made: ReturnType<typeof make> | null }} Drawn */

const MOST = 1000; // rows on one page
const MANY = 100; // rows; more are drawn in parts and asked for less often
const STATES = [["", "Any state"], ["ready", "Ready"], ["run", "Under way"], ["bad", "Failed"], ["idle", "Idle"], ["removed", "Removed"]];
const ENDS = [["", "Any end"], ["1", "Within a day"], ["7", "Within 7 days"], ["30", "Within 30 days"], ["never", "No end"]];

/** @param {App} app @returns {import("../types.js").Page} */
export function open(app) {
  const wanted = () => app.query().get("state") === "removed";
  /** @type {Drawn} */
  const drawn = { rows: null, of: [], made: null };
  const live = /** @type {Live<Seen>} */ (new Live((signal) => load(wanted(), signal), () => {
    if (live.value && live.value.removed !== wanted() && !live.problem) live.again();
    if (live.value?.long) drawn.rows ??= new live.value.long.Rows(app.draw);
    app.draw();
  }));
  return {
    title: () => "Databases",
    close: () => {
      live.close();
      drawn.rows?.close();
    },
    again: () => live.again(),
    filtered: () => {
      if (live.value?.removed !== wanted()) live.again();
    },
    ticks: () => live.problem !== null,
    view: () => view(app, live, drawn, live.value?.removed === wanted() ? live.value : null),
  };
}

/** @param {boolean} removed @param {AbortSignal} signal */
async function load(removed, signal) {
  const [quota, rows] = await Promise.all([
    /** @type {Promise<import("../types.js").Quota>} */ (get("/quota", { signal })),
    list(removed, signal),
  ]);
  const moves = rows.databases.some((one) => one.active_request && isOpen(one.active_request));
  const many = rows.databases.length > MANY;
  const long = many ? await import("../rows.js").catch(() => null) : null;
  return { value: { ...rows, removed, quota, long }, wait: !moves ? 30 : many ? 15 : 5 };
}

/** @param {boolean} removed @param {AbortSignal} signal */
async function list(removed, signal) {
  /** @type {Database[]} */
  const databases = [];
  let token = null;
  do {
    /** @type {{ databases: Database[], next_page_token: string | null }} */
    const page = await get("/databases", { query: { page_size: "100", ...(removed ? { state: "removed" } : {}), ...(token ? { page_token: token } : {}) }, signal });
    databases.push(...page.databases);
    token = page.next_page_token;
  } while (token && databases.length < MOST);
  return { databases, whole: !token };
}

/** @param {App} app @param {Live<Seen>} live @param {Drawn} drawn @param {Seen | null} seen */
function view(app, live, drawn, seen) {
  const alive = seen && !seen.removed ? seen.databases : [];
  const environments = new Set(alive.map((one) => one.environment)).size;
  return html`<div class="head">
      <div><h1>Databases</h1>${alive.length ? html`<p>${alive.length} of team ${app.team()}, in ${counted(environments, "environment")}</p>` : nothing}</div>
      ${seen && seen.databases.length ? html`<div class="tools">${newButton()}</div>` : nothing}
    </div>${stale(live, now())}${
      seen ? (seen.databases.length || seen.removed ? full(app, live, drawn, seen, alive) : empty(app)) : live.problem ? failed(live.problem, live.next, now(), () => live.again()) : loading("the databases")
    }`;
}

function newButton() {
  return html`<a class="btn primary" href="#/new">${icon("plus")} New database</a>`;
}

/** @param {App} app */
function empty(app) {
  const auto = Object.entries(app.catalog()?.environments ?? {}).find(([, one]) => one.approval === "auto")?.[0];
  return html`<section class="card"><div class="empty">
    <svg class="art" viewBox="0 0 220 56" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true"><path d="M8 28h204" stroke-dasharray="2 6" stroke-linecap="round"/><circle cx="8" cy="28" r="4"/><circle cx="110" cy="28" r="4"/><circle cx="212" cy="28" r="4"/></svg>
    <h2>No databases yet</h2>
    <p>Ask for one: a name, an engine and an environment are enough.${auto ? html` In ${auto} it merges automatically.` : nothing}</p>
    <div class="row wrap">${newButton()}<a class="btn" href="../openapi.json">From a program</a></div></div></section>
    <p class="small dim above"><a href="#/databases?state=removed">Removed databases</a></p>`;
}

/** @param {App} app @param {Database} one */
function stateOf(app, one) {
  const reviewed = app.catalog()?.environments[one.environment]?.approval === "review";
  return databaseState(one, one.active_request ?? undefined, reviewed, now());
}

/** @param {App} app @param {Live<Seen>} live @param {Drawn} drawn @param {Seen} seen @param {Database[]} alive */
function full(app, live, drawn, seen, alive) {
  const query = app.query();
  // Made again for another answer, other filters and each minute, not while the reader scrolls.
  const of = [seen, query.toString(), Math.floor(now().getTime() / 60_000)];
  if (!drawn.made || of.some((one, at) => one !== drawn.of[at])) Object.assign(drawn, { of, made: make(app, seen, alive, query) });
  const { states, shown, head } = /** @type {ReturnType<typeof make>} */ (drawn.made);
  return html`${head}
    <section class="card clip" aria-labelledby="list"><h2 class="sr" id="list">All databases</h2>${tools(app, live, seen, shown, query)}
    ${shown.length ? table(app, drawn, shown, states, query) : html`<div class="empty"><h2>Nothing fits these filters</h2><div class="row"><button class="btn" type="button"
      @click=${() => app.filter({ environment: "", state: "", engine: "", owner: "", ends: "", find: "" })}>Show all</button></div></div>`}</section>${
      seen.removed ? nothing : html`<p class="small dim above"><a href="#/databases?state=removed">Removed databases</a> have a separate list.</p>`
    }${seen.whole ? nothing : html`<p class="small dim above">The newest ${MOST} are shown; the API has the others.</p>`}`;
}

/** @param {App} app @param {Seen} seen @param {Database[]} alive @param {URLSearchParams} query */
function make(app, seen, alive, query) {
  const states = new Map(seen.databases.map((one) => [one, stateOf(app, one)]));
  const shown = sorted(seen.databases.filter((one) => fits(one, states.get(one)?.shape ?? "off", query)), query.get("sort") ?? "");
  return { states, shown, head: seen.removed ? nothing : html`${stats(seen, alive, states)}${needs(alive, states)}` };
}

/** @param {Database} one @param {string} shape @param {URLSearchParams} query */
function fits(one, shape, query) {
  const [env, state, eng, owner, ends, find] = ["environment", "state", "engine", "owner", "ends", "find"].map((name) => query.get(name) ?? "");
  if (env && one.environment !== env) return false;
  if (eng && one.database_engine !== eng) return false;
  if (owner && one.owner !== owner) return false;
  if (find && !`${one.environment}/${one.database_name}`.includes(find.trim().toLowerCase())) return false;
  if (state === "ready" && shape !== "ok") return false;
  if (state === "idle" && !one.idle_since) return false;
  if (state === "bad" && shape !== "bad") return false;
  if (state === "run" && !one.links.active_request) return false;
  if (ends === "never") return one.expires_at === "never";
  return !ends || (one.expires_at !== "never" && Date.parse(one.expires_at) - now().getTime() < Number(ends) * 864e5);
}

/** By its end unless the address says otherwise; the order is settled, so that rows do not jump. @param {Database[]} rows @param {string} by */
function sorted(rows, by) {
  const ends = new Map(rows.map((one) => [one, one.expires_at === "never" ? Infinity : Date.parse(one.expires_at)]));
  const end = (/** @type {Database} */ one) => ends.get(one) ?? Infinity;
  const place = (/** @type {Database} */ a, /** @type {Database} */ b) => (a.links.self < b.links.self ? -1 : 1);
  return [...rows].sort((a, b) => {
    if (by === "name") return place(a, b);
    if (by === "cost") return (usual(b) ?? 0) - (usual(a) ?? 0) || place(a, b);
    return end(a) - end(b) || place(a, b);
  });
}

/** @param {Seen} seen @param {Database[]} alive @param {States} states */
function stats(seen, alive, states) {
  const held = Object.entries(seen.quota.environments);
  const cost = held.reduce((sum, [, one]) => sum + one.monthly_usd.used, 0);
  const [first, ...rest] = held;
  const open = alive.filter((one) => one.links.active_request);
  const waits = open.filter((one) => states.get(one)?.waits).length;
  const bad = alive.filter((one) => states.get(one)?.shape === "bad").length;
  const soon = alive.filter((one) => one.expires_at !== "never" && Date.parse(one.expires_at) - now().getTime() < 7 * 864e5);
  const left = (/** @type {import("../types.js").Held} */ one) => round(Math.max(0, one.limit - one.used));
  const notes = [waits ? `${waits} in review` : "", bad ? `${bad} failed` : ""].filter(Boolean).join(", ");
  return html`<dl class="stats">
    <div class="stat"><dt>Cost</dt><dd class="v">${usd(cost)} <small>USD a month</small></dd><dd class="n">changes under way included</dd></div>
    ${first ? html`<div class="stat"><dt>Budget left in ${first[0]}</dt><dd class="v">${left(first[1].monthly_usd)} <small>of ${round(first[1].monthly_usd.limit)}</small></dd><dd>${meter(first[1].monthly_usd.used, 0, first[1].monthly_usd.limit)}</dd><dd class="n">${rest.map(([name, one]) => `${name} ${left(one.monthly_usd)}`).join(" · ")}</dd></div>` : nothing}
    <div class="stat"><dt>Under way</dt><dd class="v">${open.length} <small>${open.length === 1 ? "request" : "requests"}</small></dd><dd class="n">${notes || "nothing failed"}</dd></div>
    <div class="stat"><dt>End within 7 days</dt><dd class="v">${soon.length} <small>${soon.length === 1 ? "database" : "databases"}</small></dd><dd class="n">${usd(soon.reduce((sum, one) => sum + (usual(one) ?? 0), 0))} USD a month with them</dd></div>
  </dl>`;
}

/** What wants a look, five at most: failed, at its end, idle. @param {Database[]} alive @param {States} states */
function needs(alive, states) {
  const items = alive.map((one) => need(one, states.get(one)?.shape ?? "")).filter((one) => one !== null);
  if (!items.length) return nothing;
  return html`<section class="card gap" aria-labelledby="needs"><header><h2 id="needs">Needs you</h2><span class="count">${items.length}</span></header>
    <ul class="body log needs">${items.slice(0, 5).map(
      (one) => html`<li><span class="tag ${one.kind}">${one.tag}</span><span><a class="name" href=${one.href}>${one.place}</a> ${one.says}</span><span class="row"><a class="btn sm" href=${one.to}>${one.action}</a></span></li>`,
    )}</ul>${items.length > 5 ? html`<footer>${items.length - 5} more are in the list below.</footer>` : nothing}</section>`;
}

/** @param {Database} one @param {string} shape */
function need(one, shape) {
  const place = `${one.environment}/${one.database_name}`;
  const href = `#/databases/${place}`;
  const request = one.active_request;
  if (shape === "bad") {
    const to = request ? `#/requests/${request.id}` : href;
    return { kind: "bad", tag: "Failed", place, href, says: request ? `failed ${STEPS[request.step]}, ${when(new Date(request.updated_at), now())} UTC.` : "failed.", to, action: "Cause and fix" };
  }
  if (one.links.active_request) return null;
  const last = Date.parse(one.warnings_at[1] ?? "") || Infinity;
  if (one.state === "available" && one.expires_at !== "never" && now().getTime() >= last) {
    const end = new Date(one.expires_at);
    return { kind: "bad", tag: `${about((end.getTime() - now().getTime()) / 1000)} left`, place, href, says: html`is removed at ${when(end, now())} UTC.${
      one.last_connection_at ? html` Last connection ${when(new Date(one.last_connection_at), now())}.` : nothing}`, to: `${href}?do=extend`, action: "Extend" };
  }
  if (one.idle_since) {
    const idle = about((now().getTime() - Date.parse(one.idle_since)) / 1000);
    return { kind: "warn", tag: `Idle ${idle}`, place, href, says: `has had no connection since ${when(new Date(one.idle_since), now())} UTC.`, to: `${href}?do=extend`, action: "Keep it" };
  }
  return null;
}

/** @param {App} app @param {Live<Seen>} live @param {Seen} seen @param {Database[]} shown @param {URLSearchParams} query */
function tools(app, live, seen, shown, query) {
  const names = Object.keys(app.catalog()?.environments ?? {});
  const owners = [...new Set(seen.databases.map((one) => one.owner))].sort();
  const engines = Object.keys(app.catalog()?.engines ?? {});
  return html`<div class="bar-tools">${segments([{ id: "", label: "All" }, ...names.map((name) => ({ id: name, label: name }))], query.get("environment") ?? "", "Environment", (chosen) => app.filter({ environment: chosen }))}
    ${pull(app, query, "state", "State", STATES)}${pull(app, query, "engine", "Engine", [["", "Any engine"], ...engines.map((name) => [name, engine(name)])])}
    ${pull(app, query, "owner", "Owner", [["", "Any owner"], ...owners.map((name) => [name, name])])}${pull(app, query, "ends", "Ends", ENDS)}
    <span class="dim small push">${shown.length} of ${seen.databases.length} · as of ${live.at?.toISOString().slice(11, 19)}</span></div>`;
}

/** @param {App} app @param {URLSearchParams} query @param {string} name @param {string} label @param {string[][]} choices */
function pull(app, query, name, label, choices) {
  const chosen = query.get(name) ?? "";
  return html`<span class="pull"><select class="filter" aria-label=${label} @change=${(/** @type {Event} */ event) => app.filter({ [name]: /** @type {HTMLSelectElement} */ (event.target).value })}>${choices.map(
    ([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${value ? text : label}</option>`,
  )}</select>${icon("down", true)}</span>`;
}

/** @param {App} app @param {Drawn} drawn @param {Database[]} shown @param {States} states @param {URLSearchParams} query */
function table(app, drawn, shown, states, query) {
  const by = query.get("sort") ?? "";
  const head = (/** @type {string} */ id, /** @type {string} */ label, /** @type {string} */ kind) => html`<th scope="col" class=${kind} aria-sort=${by === id ? (id === "cost" ? "descending" : "ascending") : "none"}><button type="button" @click=${() => app.filter({ sort: id })}>${label} ${by === id ? icon("down", true) : nothing}</button></th>`;
  const prices = shown[0]?.prices_as_of;
  const each = (/** @type {Database} */ one, /** @type {number} */ at) => row(one, at + 2, states.get(one));
  return html`<table class="table list dbs" aria-rowcount=${shown.length + 2} @keydown=${walk}><thead><tr>${head("name", "Name", "")}<th scope="col">Environment</th><th scope="col">State</th>${head("", "Lifetime", "")}${head("cost", "USD a month", "num")}<th scope="col">Last connection</th><th scope="col">Owner</th></tr></thead>
    ${drawn.rows && shown.length > MANY ? drawn.rows.view(shown, each, 7) : html`<tbody>${shown.map(each)}</tbody>`}
    <tfoot><tr><td colspan="4" class="tot">${counted(shown.length, "database")} · ${shown.reduce((sum, one) => sum + (one.storage_gb ?? 0), 0)} GB</td><td class="num kv" data-l="Together">${
      query.get("state") === "removed" ? nothing : usd(shown.reduce((sum, one) => sum + (usual(one) ?? 0), 0))
    }</td><td colspan="2" class="small sub tot plain">${prices ? `List prices of ${day(new Date(prices), now())}; without backups and traffic${shown.some((one) => one.capacity) ? "; clusters as usual" : ""}` : nothing}</td></tr></tfoot></table>`;
}

/** @param {Database} one @param {number} at its row in the whole table @param {ReturnType<typeof databaseState> | undefined} state */
function row(one, at, state) {
  const request = one.active_request;
  const cost = usual(one);
  const under = state?.under ? html`<span class="under">${state.under}</span>` : nothing;
  const word = request ? html`<a href="#/requests/${request.id}">${state?.word}</a>` : state?.word;
  return html`<tr aria-rowindex=${at}><td><a class="name" href="#/databases/${one.environment}/${one.database_name}">${one.database_name}</a><span class="under">${one.database_engine} ${one.engine_version}, ${one.size ?? one.instance_class}${one.storage_gb ? `, ${one.storage_gb} GB` : ""}${one.high_availability ? " ×2" : ""}</span></td>
    <td class="kv" data-l="Environment">${environment(one.environment)}</td><td class="kv" data-l="State"><span>${badge(state?.shape ?? "off", word)}${under}</span></td>
    <td class="kv" data-l="Lifetime">${life(one, now())}</td><td class="num kv" data-l="USD a month"><span>${cost === null ? "–" : usd(cost)}</span></td>
    <td class="kv" data-l="Last connection">${one.last_connection_at ? when(new Date(one.last_connection_at), now()) : html`<span class="dim">none seen</span>`}</td><td class="kv" data-l="Owner">${broken(one.owner)}</td></tr>`;
}

/** An address may be broken before its @. @param {string} text */
function broken(text) {
  const [name, rest] = text.split(/(?=@)/, 2);
  return rest ? html`${name}<wbr>${rest}` : text;
}

/** Arrows move from row to row, over the end of a part too. @param {KeyboardEvent} event */
function walk(event) {
  const way = { ArrowDown: /** @type {const} */ (["nextElementSibling", "firstElementChild"]), ArrowUp: /** @type {const} */ (["previousElementSibling", "lastElementChild"]) }[event.key];
  const here = /** @type {HTMLElement} */ (event.target).closest("tbody tr");
  if (!way || !here) return;
  event.preventDefault();
  const next = here[way[0]] ?? here.parentElement?.[way[0]]?.[way[1]];
  /** @type {HTMLElement | null | undefined} */ (next?.querySelector(".name"))?.focus();
}
