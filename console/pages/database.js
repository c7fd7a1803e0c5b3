// One database: how to connect stands first; then its end, its users, what happened, and how to delete it.
import { Problem, call, get, now } from "../api.js";
import { copyButton, ends, held, sign, sizePrice, sort, storage, takes } from "../boxes.js";
import { Connect } from "../connect.js";
import { about, day, engine, id, safe, span, usd, usual, when } from "../format.js";
import { lifeLine } from "../line.js";
import { begun, changed, editing } from "../editing.js";
import { Live } from "../live.js";
import { badge, environment, failed, icon, loading, note, segments, stale } from "../parts.js";
import { html, nothing } from "../vendor/lit-html.js";
import { Wish, days, lifetime, lifetimes, refusal, refused } from "../wish.js";
import { KINDS, databaseState, isOpen } from "../words.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("../types.js").Database} Database */
/** @typedef {import("../types.js").Preview} Preview */
/** @typedef {import("../types.js").RequestSummary} RequestSummary */
/** @typedef {{ database: Database, requests: RequestSummary[] }} Seen */

/** @param {App} app @param {string[]} address @returns {import("../types.js").Page} */
export function open(app, [environment = "", name = ""]) {
  return new Looking(app, environment, name);
}

class Looking {
  /** @param {App} app @param {string} environment @param {string} name */
  constructor(app, environment, name) {
    this.app = app;
    this.place = `${environment}/${name}`;
    this.connect = new Connect(app.draw);
    this.wish = new Wish(app);
    /** The lifetime that an extension would give. */
    this.ttl = "";
    /** @type {Preview | null} */
    this.longer = null;
    /** @type {Problem | null} */
    this.problem = null;
    this.sending = false;
    this.typed = "";
    this.why = "";
    /** Why it is to live longer. */
    this.because = "";
    this.shows = "all";
    /** @type {Chosen | null} what is chosen in the resize dialog */
    this.resize = null;
    /** @type {import("../editing.js").Edit | null} what is typed in the edit dialog */
    this.edit = null;
    this.begun = app.query().get("do") ?? "";
    this.live = /** @type {Live<Seen>} */ (new Live((signal) => load(app, environment, name, signal), () => this.loaded()));
  }

  title() {
    return this.place;
  }

  close() {
    this.live.close();
  }

  again() {
    this.live.again();
  }

  ticks() {
    return this.live.problem !== null;
  }

  loaded() {
    const seen = this.live.value;
    if (seen && !this.ttl && this.idle()) {
      this.ttl = this.choices()[0] ?? "";
      if (this.ttl) this.askLonger();
    }
    if (seen && this.begun === "extend") {
      this.begun = "";
      requestAnimationFrame(() => document.getElementById("life")?.scrollIntoView({ block: "center" }));
    }
    this.app.draw();
  }

  /** Whether a change may be asked for; an operator asks for none. */
  idle() {
    const one = this.live.value?.database;
    return !this.app.ofAll() && one !== undefined && one.state === "available" && !one.links.active_request;
  }

  /** The lifetimes from now on that end later than it ends today. */
  choices() {
    const one = this.live.value?.database;
    const offered = this.app.catalog()?.environments[one?.environment ?? ""];
    if (!one || !offered || one.expires_at === "never") return [];
    const left = (Date.parse(one.expires_at) - now().getTime()) / 864e5;
    return lifetimes(offered).filter((text) => text === "never" || (days(text) ?? 0) > left + 0.04);
  }

  /** @param {string} ttl */
  choose(ttl) {
    this.ttl = ttl;
    this.askLonger();
  }

  longerBody() {
    return { ttl: this.ttl, ...(this.because ? { reason: this.because } : {}) };
  }

  async askLonger() {
    const asked = this.ttl;
    Object.assign(this, { longer: null, problem: null });
    this.app.draw();
    try {
      const { body } = await call("PATCH", `/databases/${this.place}`, { query: { dry_run: "true" }, body: this.longerBody() });
      if (asked === this.ttl) this.longer = /** @type {Preview} */ (body);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (asked === this.ttl) this.problem = error;
    }
    this.app.draw();
  }

  async extend() {
    if (this.sending || !this.longer) return;
    this.sending = true;
    this.app.draw();
    const end = this.longer.database.expires_at;
    try {
      await call("PATCH", `/databases/${this.place}`, { body: this.longerBody() });
      this.app.toast(end === "never" ? "It is asked to have no end." : `It is asked to end ${day(new Date(end), now())}.`);
      await this.live.again();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    } finally {
      this.sending = false;
      this.app.draw();
    }
  }

  view() {
    const { live } = this;
    return html`<nav class="crumb" aria-label="Breadcrumb"><a href="#/databases">Databases</a> ${sign("chev", true)} <span>${this.place}</span></nav>${
      live.value ? page(this, live.value) : html`<div class="head"><h1>${this.place}</h1></div>${live.problem ? failed(live.problem, live.next, now(), () => live.again()) : loading("the database")}`
    }${this.wish.view()}${live.value ? html`${resizing(this, live.value.database)}${editor(this, live.value.database)}` : nothing}`;
  }
}

/** @param {App} app @param {string} environment @param {string} name @param {AbortSignal} signal @returns {Promise<{ value: Seen, wait: number }>} */
async function load(app, environment, name, signal) {
  const first = /** @type {Promise<Database>} */ (get(`/databases/${environment}/${name}`, { signal }));
  // An operator's lists are of one team, which the database says.
  /** @type {Record<string, string>} */
  const query = { environment, database_name: name, page_size: "50" };
  if (app.ofAll()) query.team = (await first).team;
  const [found, list] = await Promise.all([first, get("/requests", { query, signal })]);
  const rotating = found.connection?.users.some((user) => user.rotating) ?? false;
  return { value: { database: found, requests: /** @type {{ requests: RequestSummary[] }} */ (list).requests }, wait: found.links.active_request || rotating ? 5 : 30 };
}

/** @param {Looking} one @param {Seen} seen */
function page(one, seen) {
  const { database, requests } = seen;
  const active = requests.find((request) => request.id === id(database.links.active_request));
  const bad = requests.find((request) => request.state === "failed");
  const reviewed = one.app.catalog()?.environments[database.environment]?.approval === "review";
  const { shape, word, under } = databaseState(database, active ?? (database.state === "failed" ? bad : undefined), reviewed, now());
  const there = database.state !== "removed";
  return html`<div class="head"><div><div class="row wrap"><h1>${database.database_name}</h1>${environment(database.environment)}${badge(shape, word)}</div><p>${engine(database.database_engine)} ${database.engine_version}, ${database.size ?? database.instance_class}${storage(database.storage_gb)} · owner ${database.owner}${database.last_connection_at ? ` · last connection ${when(new Date(database.last_connection_at), now())}` : ""}</p></div>
      <div class="tools">${there && database.result ? html`<a class="btn" href="#/new?${clone(database)}">${sign("branch")} Clone</a>` : nothing}${there ? html`<button class="btn" type="button" ?disabled=${!one.idle()} @click=${() => openResize(one, database)}>${sign("layers")} Resize</button>` : nothing}</div></div>
    ${stale(one.live, now())}${active && active.state !== "failed" ? note("accent", "info", html`<p><b>${word}</b>${under ? `, ${under}` : nothing}. Changes wait until it is done. <a href="#/requests/${active.id}">Follow it</a></p>`) : nothing}
    ${database.drifted ? note("warn", "alert", html`<p><b>It differs from git</b> since ${when(new Date(database.drifted.since), now())} UTC, by a change outside git. ${safe(database.drifted.link) ? html`<a href=${safe(database.drifted.link)} rel="noreferrer">What differs</a>` : nothing}</p>`) : nothing}
    ${shape === "bad" ? note("bad", "alert", html`<p><b>A request failed.</b> <a href="#/requests/${(active ?? bad)?.id}">Cause and fix</a></p>`) : nothing}
    <div class="cols spaced"><div class="stack">${there ? html`${connection(one, database, active)}${lifetimeCard(one, database, reviewed)}${usersCard(one, database)}${backups(database)}` : left(database)}${history(one, seen)}${there && !one.app.ofAll() ? danger(one, database) : nothing}</div>
    <aside class="stack" aria-label="About the database">${facts(one, database)}${there ? size(one, database) : nothing}${cost(database)}</aside></div>`;
}

/** @param {Database} one */
function clone(one) {
  return new URLSearchParams({ source: "clone", from: `${one.environment}/${one.database_name}`, environment: one.environment, engine: one.database_engine }).toString();
}

/** @param {Looking} one @param {Database} database @param {RequestSummary | undefined} active */
function connection(one, database, active) {
  const made = Boolean(database.connection);
  return html`<section class="card" aria-labelledby="con-h"><header><h2 id="con-h">Connect</h2>${made ? one.connect.switch(database) : nothing}</header>${
    made ? one.connect.view(database) : html`<div class="body first"><p class="sub">It is not there yet.${active ? html` <a href="#/requests/${active.id}">See how far it is</a>` : nothing}</p></div>`
  }</section>`;
}

/** @param {Looking} one @param {Database} database @param {boolean} reviewed */
function lifetimeCard(one, database, reviewed) {
  const never = database.expires_at === "never";
  const end = new Date(database.expires_at);
  const choices = one.choices();
  const then = one.longer?.database.expires_at ?? null;
  const open = one.idle() && !never;
  const offered = one.app.catalog()?.environments[database.environment];
  return html`<section class="card" id="life" aria-labelledby="life-h"><header><h2 id="life-h">Lifetime</h2>${open && choices.length ? html`<div class="row push wrap">${segments(choices.map((text) => ({ id: text, label: lifetime(text) })), one.ttl, "Extend, counted from now", (ttl) => one.choose(ttl))}
    <button class="btn sm primary extend" type="button" ?disabled=${!one.longer || one.sending || refused(one.longer)} @click=${() => one.extend()}>${then && then !== "never" ? `Extend to ${day(new Date(then), now())}` : then ? "Let it have no end" : "Extend"}</button></div>` : nothing}</header>
    <div class="body">${never ? html`<p class="price small-price">No end</p><p class="small sub">It stays until someone deletes it.</p>` : html`<div class="row wrap baseline"><span class="price small-price">${about((end.getTime() - now().getTime()) / 1000)} left</span><span class="sub small">ends ${when(end, now())} UTC</span></div>${lifeLine(database, now(), then, "")}`}
      ${open && choices.length && reviewed ? html`<div class="field"><label for="longer">Reason</label><input class="input" id="longer" maxlength="256" .value=${one.because} placeholder="What the reviewer reads" @change=${(/** @type {Event} */ event) => {
        one.because = /** @type {HTMLInputElement} */ (event.target).value.trim();
        one.askLonger();
      }}></div>` : nothing}${one.problem ? refusal(one.problem) : nothing}<p class="small sub">${open && choices.length ? (reviewed ? `A code owner of ${database.environment} approves an extension. ` : "An extension merges automatically. ") : nothing}${!never && !choices.length && one.idle() ? "It already ends as late as it may. " : nothing}${database.final_snapshot ? `At its end a snapshot is taken${offered?.keep_final_snapshot_days ? ` and kept for ${offered.keep_final_snapshot_days} days` : ""}.` : "At its end no snapshot is kept."}</p></div></section>`;
}

/** @param {Looking} one @param {Database} database */
function usersCard(one, database) {
  const known = database.connection?.users ?? [];
  if (!known.length) return nothing;
  const ready = database.events?.find((event) => event.event === "users_ready");
  /** @type {Record<string, string>} */
  const may = { application: "read, write, change tables", read_only: "read tables", master: "all that RDS allows" };
  const changed = (/** @type {typeof known[number]} */ user) => {
    const last = database.events?.findLast((event) => event.event === "rotated" && event.detail?.user === user.name);
    if (!user.password_changed_at) return user.name === "master" ? "by AWS, every 7 days" : "when it was made";
    return `${when(new Date(user.password_changed_at), now())}${last ? ` by ${last.detail?.asked_by ?? last.actor}` : ", when it was made"}`;
  };
  return html`<section class="card" aria-labelledby="users-h"><header class="padded"><h2 id="users-h">Users</h2>${ready ? html`<span class="small sub push">set up ${when(new Date(ready.at), now())}</span>` : nothing}</header>
    <div class="scroll"><table class="table users"><thead><tr><th scope="col">User</th><th scope="col">May</th><th scope="col">Password changed</th><th scope="col"><span class="sr">Rotate</span></th></tr></thead><tbody>${known.map(
      (user) => html`<tr><td><code>${user.name}</code></td><td>${may[user.name]}</td><td>${changed(user)}</td><td class="num"><button class="btn sm" type="button" aria-label="Rotate the password of ${user.name}" ?disabled=${user.rotating || database.state !== "available" || one.app.ofAll()} @click=${() => rotate(one, user.name)}>${
        user.rotating ? html`${icon("turn", true)} Rotating…` : html`${sign("key", true)} Rotate`
      }</button></td></tr>`,
    )}</tbody></table></div><p class="small sub body">The old password is refused from then on. Programs that read the secret again after a refused login go on without a restart.</p></section>`;
}

/** @param {Looking} one @param {string} user */
function rotate(one, user) {
  one.wish.open({
    title: `Rotate the password of ${user}`, button: "Rotate it", method: "POST", path: `/databases/${one.place}/rotate`, body: { user },
    shows: () => html`<p>${user} of ${one.place} gets another password in its secret; the old one is refused from then on.</p>`,
    sent: () => {
      one.app.toast(`The password of ${user} is being rotated.`);
      one.live.again();
    },
  });
}

/** @param {Database} database */
function backups(database) {
  const kept = database.backup_retention_days;
  const window = database.restore_window;
  return html`<section class="card" aria-labelledby="back-h"><header><h2 id="back-h">Backups</h2>${window ? html`<a class="btn sm push" href="#/new?${clone(database)}">${icon("turn", true)} Restore to a time…</a>` : nothing}</header>
    <div class="body"><p class="small sub">Kept for ${kept === 1 ? "one day" : `${kept} days`}${window ? html`: about any minute from <b class="ink">${when(new Date(window.from), now())}</b> to <b class="ink">${when(new Date(window.until), now())}</b> can be restored, as a new database next to this one` : nothing}. ${database.final_snapshot ? "With its end comes a final snapshot." : ""}</p>${snapshots(database)}</div></section>`;
}

/** What earlier databases of this name left. @param {Database} database */
function snapshots(database) {
  if (!database.snapshots?.length) return nothing;
  return html`<ul class="log above">${database.snapshots.map((each) => html`<li><span><a href="#/new?${new URLSearchParams({ source: "snapshot", snapshot: each.name, environment: each.environment, engine: database.database_engine }).toString()}">${each.name}</a></span><span class="sub small nowrap">${each.kept_until ? `kept until ${day(new Date(each.kept_until), now())}` : "kept"}</span></li>`)}</ul>`;
}

/** What a removed database left. @param {Database} database */
function left(database) {
  return html`<section class="card"><div class="empty"><h2>It was removed</h2><p>${database.final_snapshot_id ? html`Its final snapshot is <code>${database.final_snapshot_id}</code>.` : "No snapshot of it is kept."}</p>${
    database.final_snapshot_id ? html`<div class="row"><a class="btn primary" href="#/new?${new URLSearchParams({ source: "snapshot", snapshot: database.final_snapshot_id, environment: database.environment, engine: database.database_engine }).toString()}">Make a database of it</a></div>` : nothing
  }</div></section>`;
}

/** @param {Looking} one @param {Seen} seen */
function history(one, { database, requests }) {
  const asked = requests.map((request) => ({ at: request.created_at, kind: "changes", says: html`<a href="#/requests/${request.id}">${KINDS[request.kind]}</a> by ${request.requested_by}${request.reason ? html`: “${request.reason}”` : nothing}${request.state === "done" ? nothing : html` <span class="tag ${request.state === "failed" ? "bad" : ""}">${request.state.replaceAll("_", " ")}</span>`}`, took: isOpen(request) ? "" : span((Date.parse(request.updated_at) - Date.parse(request.created_at)) / 1000) }));
  const happened = (database.events ?? []).map((event) => ({ at: event.at, kind: ["users_ready", "rotation_asked", "rotated", "access_failed"].includes(event.event) ? "access" : "changes", says: eventSays(event), took: "" }));
  const rows = [...asked, ...happened].filter((row) => one.shows === "all" || row.kind === one.shows).sort((a, b) => (a.at < b.at ? 1 : -1));
  return html`<section class="card" aria-labelledby="hist-h"><header><h2 id="hist-h">History</h2><div class="push">${segments([{ id: "all", label: "All" }, { id: "changes", label: "Changes" }, { id: "access", label: "Access" }], one.shows, "Show", (shows) => {
    one.shows = shows;
    one.app.draw();
  })}</div></header><div class="body"><ul class="log">${rows.map((row) => html`<li><time datetime=${row.at}>${when(new Date(row.at), now())}</time><span>${row.says}</span><span class="sub small nowrap">${row.took}</span></li>`)}</ul>${rows.length ? nothing : html`<p class="sub small">Nothing so far.</p>`}</div></section>`;
}

/** @param {import("../types.js").Happened} event */
function eventSays(event) {
  const detail = event.detail ?? {};
  const end = typeof detail.expires_at === "string" ? when(new Date(detail.expires_at), now()) : "";
  /** @type {Record<string, unknown>} */
  const words = {
    expiring: `${detail.last ? "Last" : "First"} warning: it ends ${end}`,
    idle: "Reported as idle", used_again: "Used again", removed_in_git: "Removed by a change in git",
    snapshot_deleted: html`Its snapshot <code>${detail.snapshot}</code> was deleted, old enough`,
    users_ready: "The users application and read_only were made",
    rotation_asked: `Rotation of ${detail.user ?? "master"} asked for by ${event.actor}`,
    rotated: `Password of ${detail.user ?? "a user"} rotated`,
    access_failed: html`<span class="tag bad">failed</span> ${detail.doing}: ${detail.cause}. ${detail.fix}`,
  };
  return words[event.event] ?? event.event.replaceAll("_", " ");
}

/** @param {Looking} one @param {Database} database */
function danger(one, database) {
  const reviewed = one.app.catalog()?.environments[database.environment]?.approval === "review";
  const sure = one.typed.trim() === one.place;
  const last = database.last_connection_at ? ` Last connection ${when(new Date(database.last_connection_at), now())}.` : "";
  return html`<section class="card danger-zone" aria-labelledby="del-h"><header><h2 id="del-h">Delete ${one.place}</h2></header><div class="body stack"><p class="sub">All data goes.${database.final_snapshot ? " A final snapshot is taken first." : " No snapshot is kept."}${database.deletion_protection ? " Deletion protection goes off by a first pull request." : ""}${reviewed ? " A reviewer approves." : ""}${last}</p>
    <div class="two"><div class="field"><label for="why">Reason</label><input class="input" id="why" maxlength="256" .value=${one.why} placeholder=${reviewed ? "What the reviewer reads" : ""} @input=${(/** @type {Event} */ event) => {
      one.why = /** @type {HTMLInputElement} */ (event.target).value;
    }}></div><div class="field"><label for="sure">Type <code>${one.place}</code> to delete it</label><div class="row"><input class="input mono" id="sure" autocomplete="off" spellcheck="false" .value=${one.typed} @input=${(/** @type {Event} */ event) => {
      one.typed = /** @type {HTMLInputElement} */ (event.target).value;
      one.app.draw();
    }}><button class="btn danger solid" type="button" ?disabled=${!sure || !(one.idle() || database.state === "failed")} @click=${() => remove(one, database)}>${sign("trash")} Delete</button></div></div></div></div></section>`;
}

/** @param {Looking} one @param {Database} database */
function remove(one, database) {
  one.wish.open({
    title: `Delete ${one.place}`, button: `Delete ${one.place}`, danger: true, method: "DELETE", path: `/databases/${one.place}`, before: database, query: one.why ? { reason: one.why } : {},
    sent: (answer) => one.app.go(`#/requests/${answer.id}`),
  });
}

/** @param {Looking} page @param {Database} one */
function facts(page, one) {
  const host = one.result?.endpoint;
  const reader = one.connection?.reader_host;
  return html`<section class="card" aria-labelledby="facts-h"><header><h2 id="facts-h">Facts</h2>${one.state === "removed" ? nothing : html`<button class="btn sm push" type="button" ?disabled=${!page.idle()} aria-label="Edit owner, purpose and tags" @click=${() => {
    page.edit = begun(one);
    page.app.draw();
  }}>Edit</button>`}</header><div class="body"><dl class="facts">${host && one.state !== "removed" ? html`<dt>Host</dt><dd><code>${host}</code> ${copyButton(host, "Copy the host")}</dd>${reader ? html`<dt>Reader</dt><dd><code>${reader}</code> ${copyButton(reader, "Copy the reader's host")}</dd>` : nothing}<dt>Port</dt><dd><code>${one.result?.port}</code></dd><dt>Database</dt><dd><code>${one.result?.database_name}</code></dd>` : nothing}
    <dt>TLS</dt><dd>always</dd><dt>Zones</dt><dd>${one.high_availability ? "two" : "one"}</dd><dt>Backups</dt><dd>${one.backup_retention_days === 1 ? "one day" : `${one.backup_retention_days} days`}</dd><dt>Protection</dt><dd>${one.deletion_protection ? "against deletion" : "off"}</dd><dt>Owner</dt><dd>${one.owner}</dd><dt>Team</dt><dd>${one.team}</dd>${one.purpose ? html`<dt>Reason</dt><dd>${one.purpose}</dd>` : nothing}<dt>Made</dt><dd>${when(new Date(one.created_at), now())}</dd>
    ${Object.entries(one.tags).map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}</dl></div></section>`;
}

/** @param {Looking} one @param {Database} database */
function size(one, database) {
  return html`<section class="card" aria-labelledby="size-h"><header><h2 id="size-h">Size</h2><button class="btn sm push" type="button" ?disabled=${!one.idle()} @click=${() => openResize(one, database)}>Change</button></header><div class="body"><dl class="sum"><div><dt>${database.size ?? "own"}</dt><dd>${held(database, one.app.catalog()?.sizes[database.size ?? ""])}</dd></div>${database.storage_gb === null ? nothing : html`<div><dt>Storage</dt><dd>${database.storage_gb} GB, grows to ${database.max_storage_gb}</dd></div>`}</dl></div></section>`;
}

/** @param {Database} database */
function cost(database) {
  if (database.monthly_cost_usd === null || database.state === "removed") return nothing;
  const { instance_usd: instance, storage_usd: stored, range } = database.price;
  const left = database.until_end_usd ?? null;
  return html`<section class="card" aria-labelledby="cost-h"><header><h2 id="cost-h">Cost</h2></header><div class="body"><p class="price small-price">${usd(usual(database) ?? 0)} <small>USD a month${range ? " as usual" : ""}</small></p><dl class="sum">${left === null ? nothing : html`<div><dt>Until its end</dt><dd>${usd(left)} more</dd></div>`}${range ? nothing : html`<div><dt>Instance</dt><dd>${usd(instance ?? 0)} a month</dd></div><div><dt>Storage</dt><dd>${usd(stored ?? 0)} a month</dd></div>`}</dl>${range ? html`<p class="small sub">${ends(range)}</p>` : nothing}<p class="small dim">List prices of ${day(new Date(database.prices_as_of), now())}. Backups and traffic are not in it.</p></div></section>`;
}

/** @param {Looking} one @param {Database} database */
function editor(one, database) {
  const edit = one.edit;
  if (!edit) return nothing;
  const end = () => {
    one.edit = null;
    /** @type {HTMLDialogElement | null} */ (document.querySelector("dialog[aria-labelledby=edit-h][open]"))?.close();
    one.app.draw();
  };
  return editing(one.place, edit, database, {
    // Into what is typed by now: several fields may change before the page is drawn again.
    change: (part) => {
      one.edit = { ...(one.edit ?? edit), ...part };
      one.app.draw();
    },
    end: () => one.edit && end(),
    send: () => {
      const last = one.edit ?? edit;
      const body = { ...changed(last, database), ...(last.reason.trim() ? { reason: last.reason.trim() } : {}) };
      end();
      one.wish.open({ title: `Change ${one.place}`, button: "Ask for the change", method: "PATCH", path: `/databases/${one.place}`, body, before: database, sent: (answer) => one.app.go(`#/requests/${answer.id}`) });
    },
  });
}

// Resize: chosen in a dialog, then previewed as every write is

/** @param {Looking} one @param {Database} database */
function openResize(one, database) {
  one.resize = { size: database.size ?? "", storage: database.storage_gb ?? 0, version: database.engine_version, reason: "" };
  one.app.draw();
}

/** @typedef {{ size: string, storage: number, version: string, reason: string }} Chosen */

/** What of it differs, as PATCH takes it. @param {Chosen} chosen @param {Database} database */
function resized(chosen, database) {
  const upgrade = chosen.version !== database.engine_version ? { engine_version: chosen.version } : {};
  return { ...upgrade, ...(chosen.size !== database.size ? { size: chosen.size } : {}), ...(database.storage_gb !== null && chosen.storage !== database.storage_gb ? { storage_gb: chosen.storage } : {}) };
}

/** @param {Looking} one @param {Database} database */
function resizing(one, database) {
  const chosen = one.resize;
  const catalog = one.app.catalog();
  const offered = catalog?.environments[database.environment];
  if (!chosen || !catalog || !offered) return nothing;
  const change = resized(chosen, database);
  const versions = catalog.engines[database.database_engine]?.versions ?? [];
  const later = versions.slice(Math.max(versions.indexOf(database.engine_version), 0));
  // Into what is chosen by now: several fields may change before the page is drawn again.
  const choose = (/** @type {Partial<Chosen>} */ part) => {
    one.resize = { ...(one.resize ?? chosen), ...part };
    one.app.draw();
  };
  const end = () => {
    one.resize = null;
    /** @type {HTMLDialogElement | null} */ (document.querySelector("dialog[aria-labelledby=resize-h][open]"))?.close();
    one.app.draw();
  };
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const last = one.resize ?? chosen;
    const body = { ...resized(last, database), ...(last.reason ? { reason: last.reason } : {}) };
    end();
    one.wish.open({ title: `Change ${one.place}`, button: "Ask for the change", method: "PATCH", path: `/databases/${one.place}`, body, before: database, sent: (answer) => one.app.go(`#/requests/${answer.id}`) });
  };
  return html`<dialog aria-labelledby="resize-h" @close=${() => one.resize && end()}><form class="body stack" @submit=${send}><h2 id="resize-h" class="h18">Change the size of ${one.place}</h2>
    <div class="field"><span class="label" id="sizes-l">Size</span><div class="picks two-c" role="radiogroup" aria-labelledby="sizes-l">${Object.entries(catalog.sizes).filter(([name, about]) => offered.sizes.includes(name) && takes(about, database.database_engine)).map(([name, about]) => html`<label class="pick"><input type="radio" name="size" value=${name} .checked=${name === chosen.size} @change=${() => {
      choose({ size: name });
    }}><span><b>${name} <span>${sizePrice(about, database.database_engine, database.high_availability)}</span></b><small>${sort(about)}</small></span></label>`)}</div></div>
    ${database.storage_gb === null ? nothing : html`<div class="field"><label for="gb">Storage in GB <span class="opt">it never shrinks; at most ${offered.storage_gb.maximum} in ${database.environment}</span></label><input class="input" type="number" id="gb" min=${database.storage_gb} max=${offered.storage_gb.maximum} .value=${String(chosen.storage)} @input=${(/** @type {Event} */ event) => {
      choose({ storage: Number(/** @type {HTMLInputElement} */ (event.target).value) });
    }}></div>`}
    ${later.length > 1 ? html`<div class="field"><label for="version">Version</label><select class="input" id="version" .value=${chosen.version} @change=${(/** @type {Event} */ event) => {
      choose({ version: /** @type {HTMLSelectElement} */ (event.target).value });
    }}>${later.map((version) => html`<option value=${version} ?selected=${version === chosen.version}>${version}</option>`)}</select><p class="help">A later one is an upgrade: a snapshot is taken first, and it is away for minutes.</p></div>` : nothing}
    <div class="field"><label for="because">Reason</label><input class="input" id="because" maxlength="256" .value=${chosen.reason} @input=${(/** @type {Event} */ event) => {
      choose({ reason: /** @type {HTMLInputElement} */ (event.target).value });
    }}></div>
    <div class="row wrap"><button class="btn primary" type="submit" ?disabled=${Object.keys(change).length === 0}>See what it changes</button><button class="btn" type="button" @click=${end}>Leave it as it is</button></div></form></dialog>`;
}
