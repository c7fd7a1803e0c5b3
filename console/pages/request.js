// One request: first what happens now and whom it waits for, then its steps, then what was asked for.
import { call, get, now } from "../api.js";
import { code, copyButton, ends, held, named, sign } from "../boxes.js";
import { Connect, users } from "../connect.js";
import { about, clock, day, engine, id, number, range, safe, span, usd, usual, when } from "../format.js";
import { requestLine } from "../line.js";
import { Live } from "../live.js";
import { Log } from "../log.js";
import { badge, failed, icon, loading, note, stale } from "../parts.js";
import { last, steps } from "../steps.js";
import { html, nothing } from "../vendor/lit-html.js";
import { Wish } from "../wish.js";
import { KINDS, STEPS, isOpen, requestState } from "../words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("../types.js").Request} Request */
/** @typedef {import("../types.js").Database} Database */
/** @typedef {{ request: Request, database: Database | null }} Seen */

const USERS = 10 * 60_000; // ms after which users that are not there are not waited for

/** @param {App} app @param {string[]} address @returns {import("../types.js").Page} */
export function open(app, [request = ""]) {
  const connect = new Connect(app.draw);
  const wish = new Wish(app);
  const log = new Log(app.draw, request);
  let said = "";
  let before = "";
  const live = /** @type {Live<Seen>} */ (new Live((signal) => load(request, signal), () => {
    const found = live.value?.request;
    if (found && before && before !== found.state) said = `${title(found)}: ${word(app, found).word}`;
    before = found?.state ?? before;
    app.mark(found?.state === "failed" ? "failed" : found?.state === "done" ? "ready" : "");
    app.draw();
  }));
  return {
    title: () => (live.value ? `${word(app, live.value.request).word}: ${title(live.value.request)}` : "Request"),
    close: () => live.close(),
    again: () => live.again(),
    ticks: () => live.problem !== null || (live.value !== null && isOpen(live.value.request)),
    view: () => html`${
      live.value ? page(app, live, live.value, connect, wish, log) : live.problem ? html`<div class="head"><h1>Request</h1></div>${failed(live.problem, live.next, now(), () => live.again())}` : html`<div class="head"><h1>Request</h1></div>${loading("the request")}`
    }<p class="sr" role="status">${said}</p>${wish.view()}`,
  };
}

/** @param {string} name @param {AbortSignal} signal @returns {Promise<{ value: Seen, wait: number }>} */
async function load(name, signal) {
  const { body, wait } = /** @type {{ body: Request, wait: number }} */ (await call("GET", `/requests/${name}`, { signal }));
  if (body.state !== "done" || body.kind !== "create") return { value: { request: body, database: null }, wait };
  const database = /** @type {Database} */ (await get(`/databases/${body.environment}/${body.database_name}`, { signal }));
  const waits = database.connection?.users_state === "pending" && now().getTime() - Date.parse(body.updated_at) < USERS;
  return { value: { request: body, database }, wait: waits ? 5 : 0 };
}

/** @param {Request} request */
function title(request) {
  return `${KINDS[request.kind]} ${request.environment}/${request.database_name}`;
}

/** @param {App} app @param {Request} request */
function reviewed(app, request) {
  return app.catalog()?.environments[request.environment]?.approval === "review";
}

/** @param {App} app @param {Request} request @returns {{ shape: import("../parts.js").Shape, word: string }} */
function word(app, request) {
  const planned = last(request, "planned");
  if (request.state === "pull_request_open" && reviewed(app, request) && planned) return { shape: "wait", word: "Waits for approval" };
  if (request.state === "pull_request_open" && !planned) return { shape: "run", word: "Being planned" };
  if (request.state === "done" && request.kind === "create") return { shape: "ok", word: "Ready" };
  return requestState(request, reviewed(app, request));
}

/** @param {App} app @param {Live<Seen>} live @param {Seen} seen @param {Connect} connect @param {Wish} wish @param {Log} log */
function page(app, live, seen, connect, wish, log) {
  const { request, database } = seen;
  const { shape, word: state } = word(app, request);
  // Without an answer of the API the clock must not look alive.
  const moment = live.problem && live.at ? live.at : now();
  const ready = database ? users(database).length > 0 : false;
  const shown = steps(request, reviewed(app, request), ready, moment);
  const href = `#/databases/${request.environment}/${request.database_name}`;
  return html`<nav class="crumb" aria-label="Breadcrumb"><a href="#/requests">Requests</a> ${sign("chev", true)} <a href=${href}>${request.environment}/${request.database_name}</a> ${sign("chev", true)} <span>${KINDS[request.kind]}</span></nav>
    <div class="head"><div><div class="row wrap"><h1>${title(request)}</h1>${badge(shape, state)}</div><p>${request.requested_by} asked at ${when(new Date(request.created_at), now())} UTC${request.reason ? html`: “${request.reason}”` : nothing}</p></div>
      <div class="tools">${tools(request, state === "Waits for approval", wish, live)}</div></div>${stale(live, now())}
    <div class="cols"><div class="stack">${answer(app, live, seen, shown, connect, wish, moment)}
      <section class="card" aria-labelledby="steps-h"><header><h2 id="steps-h">Steps</h2><span class="push small dim" role="timer" aria-live="off">${clockLine(request, live, moment)}</span></header>
        <ol class="body steps first">${shown.map((one, index) => step(one, index, request))}</ol></section>${request.links.pipeline || last(request, "planned") ? log.view() : nothing}</div>
    <aside class="stack" aria-label="About the request">${plan(request)}${facts(request, href)}${mind(request, wish, live)}${stuck(request)}</aside></div>`;
}

/** @param {Request} request @param {boolean} waits @param {Wish} wish @param {Live<Seen>} live */
function tools(request, waits, wish, live) {
  const pull = safe(request.links.pull_request);
  const job = safe(request.links.pipeline);
  return html`${request.state === "requested" || request.state === "pull_request_open" ? html`<button class="btn quiet danger" type="button" @click=${() => cancel(request, wish, live)}>Cancel the request</button>` : nothing}
    ${pull ? html`<a class="btn ${waits ? "primary" : ""}" href=${pull} rel="noreferrer">${sign("pr")} ${waits ? "Review pull request" : "Pull request"} ${number(pull)}</a>` : nothing}
    ${job && !waits ? html`<a class="btn" href=${job} rel="noreferrer">${sign("play")} Pipeline job</a>` : nothing}`;
}

/** @param {Request} request @param {Live<Seen>} live @param {Date} moment */
function clockLine(request, live, moment) {
  const whole = span(((isOpen(request) ? moment.getTime() : Date.parse(request.updated_at)) - Date.parse(request.created_at)) / 1000);
  if (!isOpen(request)) return request.state === "failed" ? `${whole}, then it stopped` : `${whole} together`;
  if (live.problem) return `as of ${clock(moment)}; trying again`;
  const left = live.next ? Math.max(0, Math.round((live.next.getTime() - now().getTime()) / 1000)) : 0;
  return html`${whole} since it was asked for<span aria-hidden="true"> · ${left ? `asks again in ${left} s` : "asking"}</span>`;
}

/** @param {import("../steps.js").Shown} one @param {number} index @param {Request} request */
function step(one, index, request) {
  const mark = { done: sign("check"), hold: sign("user"), fail: sign("x"), now: nothing, none: nothing, todo: index + 1 }[one.kind];
  const spoken = { done: "done", now: "runs", hold: "waits for a reviewer", fail: "failed", none: "not reached", todo: "to come" }[one.kind];
  const here = ["now", "hold", "fail"].includes(one.kind);
  return html`<li class="step ${one.kind} ${one.kind === "none" ? "todo" : ""}" aria-current=${here ? "step" : nothing}><span class="m" aria-hidden="true">${mark}</span><span class="h">${one.name}<span class="sr">, ${spoken}</span></span><span class="dur">${one.dur}</span>${
    one.says === nothing ? nothing : html`<span class="w">${one.kind === "fail" ? `Stopped at ${clock(new Date(request.updated_at))}` : one.says}</span>`
  }</li>`;
}

/** The answer to "what now". @param {App} app @param {Live<Seen>} live @param {Seen} seen @param {import("../steps.js").Shown[]} shown @param {Connect} connect @param {Wish} wish @param {Date} moment */
function answer(app, live, seen, shown, connect, wish, moment) {
  const { request, database } = seen;
  if (request.state === "failed" && request.error) return broken(request, request.error, wish, live);
  if (database && database.state !== "removed") return ready(request, database, connect);
  const [small, big, sub] = headline(app, request, moment);
  return html`<section class="card ${request.state === "done" ? "ready-card" : ""}" aria-labelledby="now-h"><div class="body lead"><div class="eta"><h2 class="quiet-h" id="now-h">${small}</h2><span class="big big24">${big}</span><span class="sub small">${sub}</span></div>
    ${line(request, shown, moment)}${waits(request, moment)}${next(request)}</div></section>`;
}

/** @param {Request} request @param {import("../steps.js").Shown[]} shown @param {Date} moment */
function line(request, shown, moment) {
  const ready = request.estimate?.ready_at;
  const parts = shown.filter((one) => one.from && one.to && one.name !== "Ready").map((one) => ({ name: one.name, from: one.from, to: one.to, open: one.kind === "now" || one.kind === "hold" }));
  return requestLine(parts, moment.getTime(), ready ? { likely: Date.parse(ready.likely), latest: Date.parse(ready.latest) } : null);
}

/** @param {App} app @param {Request} request @param {Date} moment @returns {[unknown, unknown, unknown]} */
function headline(app, request, moment) {
  const since = about((moment.getTime() - Date.parse(request.updated_at)) / 1000);
  const ready = request.estimate?.ready_at;
  const planned = last(request, "planned");
  if (request.state === "pull_request_open" && planned && reviewed(app, request)) {
    const after = request.estimate?.after_approval_seconds;
    const people = request.waiting_for?.approvers ?? [];
    const owners = people.length ? people : request.waiting_for?.approval_of ?? [];
    return ["Waits for", owners.length ? named(owners) : `A code owner of ${request.environment}`, `for ${about((moment.getTime() - Date.parse(planned.at)) / 1000)}, since the plan was ready at ${clock(new Date(planned.at))} UTC. Approve on the pull request; it merges automatically then.${after ? ` ${request.kind === "create" ? "Ready" : "Done"} about ${about(after.likely)} after that.` : ""}`];
  }
  if (isOpen(request) && ready && Date.parse(ready.likely) > moment.getTime()) {
    const [likely, latest] = [new Date(ready.likely), new Date(ready.latest)];
    return [request.kind === "create" ? "Ready about" : "Done about", clock(likely), `nine of ten by ${clock(latest)} UTC, so in ${range((likely.getTime() - moment.getTime()) / 1000, (latest.getTime() - moment.getTime()) / 1000)}`];
  }
  const slow = request.waiting_for?.what === "job" ? "Its job fell silent." : request.slower_than_usual ? "It takes longer than usual: nine of ten were done by now." : "Nobody has to do anything.";
  switch (request.state) {
    case "requested":
      return ["Now", "The pull request is being opened", slow];
    case "pull_request_open":
      return ["Now", planned ? "It is being merged" : "The plan is being made", slow];
    case "merged":
      return ["Now", "It waits in the queue", `for ${since}. ${slow}`];
    case "applying":
      if (request.step === "users") return ["Now", "Its users are being made", `since ${clock(new Date(request.updated_at))} UTC. ${slow}`];
      return ["Now", "It is being applied", `since ${clock(new Date(request.updated_at))} UTC. ${slow}`];
    case "done":
      return [`Done at ${when(new Date(request.updated_at), now())} UTC`, `${request.environment}/${request.database_name} ${{ create: "was made", update: "is changed", extend: `now ends ${request.database.expires_at === "never" ? "never" : day(new Date(request.database.expires_at), now())}`, disarm: "can be removed now", remove: "is removed", maintain: "has the module of this release" }[request.kind]}`, request.kind === "disarm" ? "Deletion protection is off. The removal is a second request." : ""];
    case "rejected":
      return [`Rejected at ${when(new Date(request.updated_at), now())} UTC`, "Nothing was changed", "The pull request was closed without a merge."];
    default:
      return [`Cancelled at ${when(new Date(request.updated_at), now())} UTC`, "Nothing was changed", "Ask again whenever you like."];
  }
}

/** What it waits for, where the headline says when it is ready. @param {Request} request @param {Date} moment */
function waits(request, moment) {
  const waiting = request.waiting_for;
  const silent = waiting?.what === "job";
  if (!waiting || !(silent || request.estimate?.ready_at)) return nothing;
  const link = safe(waiting.link);
  return note("accent", "info", html`<p><b>${waiting.sentence}</b> Since ${clock(new Date(waiting.since))} UTC, for ${about((moment.getTime() - Date.parse(waiting.since)) / 1000)}.${link ? html` <a href=${link} rel="noreferrer">Look there</a>` : nothing}</p><p>${
    waiting.what === "approval" ? "Approve on the pull request; it merges automatically then." : "Nobody has to do anything."}${request.slower_than_usual && !silent ? " It takes longer than usual: nine of ten were done by now." : ""}</p>`);
}

/** @param {Request} request */
function next(request) {
  const following = id(request.links.next_request);
  return following ? note("accent", "info", html`<p><a href="#/requests/${following}">The removal itself</a> goes on in a second request.</p>`) : nothing;
}

/** @param {Request} request @param {Database} database @param {Connect} connect */
function ready(request, database, connect) {
  const place = `${request.environment}/${request.database_name}`;
  const whole = span((Date.parse(request.updated_at) - Date.parse(request.created_at)) / 1000);
  const ends = database.expires_at === "never" ? "It has no end." : `It ends on ${day(new Date(database.expires_at), now())}${database.warnings_at?.length ? `; its people are warned on ${database.warnings_at.map((at) => day(new Date(at), now())).join(" and ")}` : ""}.`;
  return html`<section class="card ready-card" aria-labelledby="now-h"><div class="body lead"><div class="row wrap top-row"><div class="eta"><h2 class="quiet-h" id="now-h">Ready since ${when(new Date(request.updated_at), now())} UTC</h2><span class="big big22">Connect to ${place}</span><span class="sub small">${whole} from the request. ${ends}</span></div><a class="btn primary push" href="#/databases/${place}">Open the database</a></div></div>
    <div class="row body connect-as">${connect.switch(database)}</div>${connect.view(database)}</section>`;
}

/** @param {Request} request @param {NonNullable<Request["error"]>} error @param {Wish} wish @param {Live<Seen>} live */
function broken(request, error, wish, live) {
  const copy = new URLSearchParams({ environment: request.environment, name: request.database_name, engine: request.database_engine });
  return html`<section class="card fail-card" role="alert" aria-labelledby="cause-h"><div class="body lead"><div class="row start"><span class="bad-i">${icon("alert")}</span><div>
      <h2 id="cause-h" class="h18">It failed ${STEPS[error.step]}</h2><p class="sub">At ${when(new Date(request.updated_at), now())} UTC.</p></div></div>
    <div class="above">${code(error.cause, "Cause", true)}</div>
    <dl class="fix"><div><dt>What helps</dt><dd>${error.fix}</dd></div><div><dt>Another try</dt><dd>${error.retryable ? "Takes up the failed step; what went well stays." : "Does not help as it stands."}</dd></div></dl>
    <div class="row wrap above">${error.retryable ? html`<button class="btn primary" type="button" @click=${() => retry(request, wish, live)}>${icon("turn")} Try again</button>` : nothing}
      ${request.kind === "create" && error.step !== "users" ? html`<a class="btn" href="#/new?${copy.toString()}">Change it and ask again</a>` : nothing}
      ${error.step === "users" ? html`<a class="btn" href="#/databases/${request.environment}/${request.database_name}">Open the database</a>` : html`<button class="btn quiet danger" type="button" @click=${() => cancel(request, wish, live)}>Cancel the request</button>`}</div></div></section>`;
}

/** @param {Request} request @param {Wish} wish @param {Live<Seen>} live */
function retry(request, wish, live) {
  wish.open({ title: `Try ${title(request)} again`, button: "Try again", method: "POST", path: `/requests/${request.id}/retry`, shows: move, sent: () => live.again() });
}

/** @param {Request} request @param {Wish} wish @param {Live<Seen>} live */
function cancel(request, wish, live) {
  wish.open({ title: `Cancel: ${title(request)}`, button: "Cancel the request", danger: true, method: "POST", path: `/requests/${request.id}/cancel`, shows: move, sent: () => live.again() });
}

/** @param {import("../types.js").Move} one */
function move(one) {
  return html`<p>${one.message}</p>`;
}

/** @param {Request} request */
function plan(request) {
  const one = request.plan;
  if (!one) return nothing;
  const job = safe(one.pipeline);
  const counts = one.counts;
  const kinds = counts ? /** @type {[string, number][]} */ ([["to add", counts.add], ["to change", counts.change], ["to replace", counts.replace], ["to destroy", counts.destroy]]) : [];
  return html`<section class="card" aria-labelledby="plan-h"><header><h2 id="plan-h">Plan</h2></header><div class="body">${counts ? html`<dl class="sum">${kinds.map(([says, count]) => html`<div><dt>${says}</dt><dd>${count}</dd></div>`)}</dl>` : html`<p>${one.sentence ?? "It was made."}</p>`}
    ${one.changed.length ? html`<div class="scroll"><table class="table changed"><caption class="sr">What changes</caption><thead><tr><th scope="col">Attribute</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>${one.changed.map((each) => html`<tr title=${each.resource}><td><code>${each.name}</code></td><td>${each.before}</td><td>${each.after}</td></tr>`)}</tbody></table></div>` : nothing}
    <p class="small sub">${one.as_asked ? "Just what was asked for." : "Not only what was asked for: look at the pull request."} ${job ? html`<a href=${job} rel="noreferrer">Job</a>` : nothing}</p></div><footer>Applied as reviewed. If it differs by then, it stops and says so.</footer></section>`;
}

/** @param {Request} request @param {string} href */
function facts(request, href) {
  const one = request.database;
  return html`<section class="card" aria-labelledby="what-h"><header><h2 id="what-h">What was asked for</h2></header><div class="body"><dl class="facts">
    <dt>Database</dt><dd><a href=${href}>${one.environment}/${one.database_name}</a></dd><dt>Engine</dt><dd>${engine(one.database_engine)} ${one.engine_version}</dd><dt>Size</dt><dd>${one.size ?? one.instance_class}${one.capacity ? `, ${held(one, undefined)}` : nothing}</dd>${one.storage_gb === null ? nothing : html`<dt>Storage</dt><dd>${one.storage_gb} GB, grows to ${one.max_storage_gb}</dd>`}
    <dt>Zones</dt><dd>${one.high_availability ? "two" : "one"}</dd><dt>Ends</dt><dd>${one.expires_at === "never" ? "never" : `${when(new Date(one.expires_at), now())} UTC`}</dd><dt>Cost</dt><dd>${one.monthly_cost_usd === null ? "not known" : `${usd(usual(one) ?? 0)} USD a month${one.price.range ? ` as usual, ${ends(one.price.range)}` : ""}`}</dd><dt>Owner</dt><dd>${one.owner}</dd><dt>Team</dt><dd>${request.team}</dd>
    <dt>Request</dt><dd><code>${request.id.slice(0, 8)}</code> ${copyButton(request.id, "Copy the request's id")}</dd></dl></div></section>`;
}

/** @param {Request} request @param {Wish} wish @param {Live<Seen>} live */
function mind(request, wish, live) {
  if (!isOpen(request)) return nothing;
  const merged = last(request, "merged");
  const late = request.state === "merged" || request.state === "applying";
  return html`<section class="card"><div class="body first"><h3>Change your mind?</h3><p class="small sub">${late ? `It was merged${merged ? ` at ${clock(new Date(merged.at))}` : ""} and can no longer be cancelled. ${request.kind === "create" ? "Delete the database when it is ready." : "Ask for the change back when it is done."}` : "Until the merge it can be cancelled; nothing was made so far."}</p>
    <button class="btn sm above" type="button" ?disabled=${late} @click=${() => cancel(request, wish, live)}>Cancel the request</button></div></section>`;
}

/** @param {Request} request */
function stuck(request) {
  if (request.state !== "failed") return nothing;
  return html`<section class="card"><div class="body first"><h3>Still stuck?</h3><p class="small sub">Tell the platform team this id; it leads to every line about it.</p><div class="row above"><code>${request.id}</code></div>${copyButton(request.id, "Copy the request's id")}</div></section>`;
}
