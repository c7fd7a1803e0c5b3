// New: a form out of the catalog; the API's dry run says at each change what it would come to.
import { Problem, call, get, now } from "../api.js";
import { code, copyButton, ends, known, sign, sizePrice, sort, storage, tabs, takes } from "../boxes.js";
import { day, engine, round, usd } from "../format.js";
import { badge, icon, meter, note, segments } from "../parts.js";
import { html, nothing } from "../vendor/lit-html.js";
import { days, lifetime, lifetimes, refusal, refused } from "../wish.js";

/** @typedef {import("../types.js").App} App */
/** @typedef {import("../types.js").Catalog} Catalog */
/** @typedef {import("../types.js").Database} Database */
/** @typedef {import("../types.js").Preview} Preview */
/** @typedef {import("../types.js").Quota} Quota */
/**
 * @typedef {{ source: "empty" | "clone" | "snapshot", from: string, at: string, snapshot: string, name: string,
 *   environment: string, engine: string, version: string, size: string, storage: number, ha: boolean, ttl: string,
 *   until: string, owner: string, reason: string, tags: { key: string, value: string }[] }} Form
 */

const KEPT = "new-database";
const PAUSE = 300; // ms without a change, after which it is asked
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Which field shows what is wrong at a pointer. @type {Record<string, string>} */
const FIELDS = { database_name: "name", environment: "environment", database_engine: "engine", engine_version: "version", size: "size", storage_gb: "storage", high_availability: "ha", ttl: "ttl", owner: "owner", purpose: "reason", tags: "tags", restore_from: "source" };

/** @param {App} app @returns {import("../types.js").Page} */
export function open(app) {
  return new Asking(app);
}

class Asking {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.catalog = /** @type {Catalog} */ (app.catalog());
    this.form = this.begun();
    this.key = crypto.randomUUID(); // two clicks are one request
    /** @type {Preview | null} */
    this.preview = null;
    /** @type {Problem | null} what the last dry run was refused with */
    this.problem = null;
    /** @type {Problem | null} what the request was refused with */
    this.refused = null;
    /** @type {Quota | null} */
    this.quota = null;
    /** @type {Database[]} */
    this.databases = [];
    /** @type {import("../types.js").Snapshot[]} what removals and upgrades left */
    this.snapshots = [];
    this.asking = false;
    this.sending = false;
    this.sent = false;
    this.tab = "summary";
    /** @type {Set<string>} fields that the reader has come to */
    this.seen = new Set();
    this.asked = 0;
    this.timer = 0;
    this.stop = new AbortController();
    this.again();
    if (this.form.name) this.ask();
  }

  title() {
    return "New database";
  }

  close() {
    clearTimeout(this.timer);
    this.stop.abort();
  }

  /** What the form shows next to what it asks: the budget, and what data could come from. */
  async again() {
    try {
      const signal = this.stop.signal;
      const [quota, list, left] = await Promise.all([get("/quota", { signal }), get("/databases", { query: { page_size: "100" }, signal }), get("/snapshots", { signal })]);
      this.quota = /** @type {Quota} */ (quota);
      this.databases = /** @type {{ databases: Database[] }} */ (list).databases;
      this.snapshots = /** @type {{ snapshots: import("../types.js").Snapshot[] }} */ (left).snapshots;
    } catch (error) {
      if (this.stop.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    if (this.form.name) this.ask();
    this.app.draw();
  }

  /** The form as it was left, or as the address asks for it. @returns {Form} */
  begun() {
    const environment = Object.keys(this.catalog.environments)[0] ?? "";
    const name = Object.keys(this.catalog.engines)[0] ?? "";
    /** @type {Form} */
    const blank = { source: "empty", from: "", at: "", snapshot: "", name: "", environment, engine: name, version: "", size: "", storage: 0, ha: false, ttl: "", until: "", owner: "", reason: "", tags: [] };
    /** @type {Partial<Form>} */
    let kept = {};
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    } catch {
      /* begun from nothing */
    }
    const asked = Object.fromEntries([...this.app.query()].filter(([field]) => field in blank));
    const form = { ...blank, ...kept, ...asked };
    if (!this.catalog.environments[form.environment]) form.environment = environment;
    if (!this.catalog.engines[form.engine]) form.engine = name;
    return this.fitted(form);
  }

  /** The form with what its environment and engine offer. @param {Form} form @returns {Form} */
  fitted(form) {
    const offered = this.catalog.environments[form.environment];
    const versions = this.catalog.engines[form.engine];
    if (!offered || !versions) return form;
    const kept = (/** @type {string} */ one, /** @type {string[]} */ among, /** @type {string} */ otherwise) => (among.includes(one) ? one : otherwise);
    const fitting = offered.sizes.filter((name) => takes(this.catalog.sizes[name], form.engine));
    const most = days(offered.lifetime.maximum) ?? Infinity;
    return {
      ...form,
      version: kept(form.version, versions.versions, versions.default_version),
      size: kept(form.size, fitting, fitting.includes(offered.default_size) ? offered.default_size : (fitting[0] ?? "")),
      storage: form.storage ? Math.min(offered.storage_gb.maximum, Math.max(offered.storage_gb.minimum, form.storage)) : offered.storage_gb.default,
      ha: offered.high_availability === "always" || (offered.high_availability === "optional" && form.ha),
      ttl: (form.ttl === "never" && offered.lifetime.never) || (days(form.ttl) ?? Infinity) <= most ? form.ttl : offered.lifetime.default,
    };
  }

  /** Take a change of the reader's. @param {Partial<Form>} change */
  set(change) {
    for (const field of Object.keys(change)) this.seen.add(field);
    this.form = this.fitted({ ...this.form, ...change });
    this.refused = null;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.form));
    } catch {
      /* it is not kept */
    }
    clearTimeout(this.timer);
    this.asking = this.form.name !== "";
    this.timer = window.setTimeout(() => this.ask(), PAUSE);
    this.app.draw();
  }

  /** Whether what is asked for is a cluster, whose storage has no size. */
  cluster() {
    return this.catalog.sizes[this.form.size]?.instance_class === null;
  }

  body() {
    const form = this.form;
    const offered = this.catalog.environments[form.environment];
    const tags = Object.fromEntries(form.tags.filter((tag) => tag.key).map((tag) => [tag.key, tag.value]));
    const copied = form.source !== "empty";
    return {
      database_name: form.name,
      database_engine: form.engine,
      environment: form.environment,
      size: form.size,
      ...(copied ? {} : { engine_version: form.version, ...(this.cluster() ? {} : { storage_gb: form.storage }) }),
      ttl: this.ttl(),
      ...(form.owner ? { owner: form.owner } : {}),
      ...(form.reason ? { purpose: form.reason } : {}),
      ...(offered?.high_availability === "optional" ? { high_availability: form.ha } : {}),
      ...(form.source === "clone" ? { restore_from: { database: form.from, point_in_time: form.at ? `${form.at}:00Z` : "latest" } } : {}),
      ...(form.source === "snapshot" ? { restore_from: { snapshot: form.snapshot } } : {}),
      ...(Object.keys(tags).length ? { tags } : {}),
    };
  }

  /** The lifetime as the API takes it; until a day, in whole hours. */
  ttl() {
    if (!this.form.until) return this.form.ttl;
    const left = Date.parse(`${this.form.until}T23:59:00Z`) - now().getTime();
    return `${Math.max(1, Math.floor(left / 3_600_000))}h`;
  }

  /** What it would come to; the last answer wins. */
  async ask() {
    if (!this.form.name || this.stop.signal.aborted) {
      Object.assign(this, { preview: null, problem: null, asking: false });
      this.app.draw();
      return;
    }
    const asked = (this.asked += 1);
    this.asking = true;
    this.app.draw();
    try {
      const { body } = await call("POST", "/provision-rds", { query: { dry_run: "true" }, body: this.body(), signal: this.stop.signal });
      if (asked === this.asked) Object.assign(this, { preview: body, problem: null });
    } catch (error) {
      if (this.stop.signal.aborted || asked !== this.asked) return;
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      if (error.kind === "problem") this.preview = null;
    } finally {
      if (asked === this.asked) this.asking = false;
    }
    this.app.draw();
  }

  /** @param {Event} event */
  async send(event) {
    event.preventDefault();
    if (this.sending || this.sent) return;
    for (const field of Object.values(FIELDS)) this.seen.add(field);
    if (!this.form.name) {
      this.app.draw();
      document.getElementById("name")?.focus();
      return;
    }
    this.sending = true;
    this.refused = null;
    this.app.draw();
    try {
      const { body } = /** @type {{ body: { id: string } }} */ (await call("POST", "/provision-rds", { body: this.body(), headers: { "Idempotency-Key": this.key } }));
      this.sent = true;
      sessionStorage.removeItem(KEPT);
      this.app.toast(`Asked for ${this.form.environment}/${this.form.name}.`);
      this.app.go(`#/requests/${body.id}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.type === "idempotency-key-reused") this.key = crypto.randomUUID();
      this.refused = error;
      const first = error.errors.map((one) => FIELDS[one.pointer.split("/")[1] ?? ""] ?? "").find((field) => field);
      requestAnimationFrame(() => document.getElementById(first ?? "refused")?.focus());
    } finally {
      this.sending = false;
      this.app.draw();
    }
  }

  /** What is wrong with a field, once the reader has come to it. @param {string} field */
  wrong(field) {
    if (field === "name" && this.form.name && !NAME.test(this.form.name) && this.seen.has("name")) {
      return /^[a-z]/.test(this.form.name) ? "Use small letters, digits and single hyphens, for example order-items." : `Begin with a small letter, for example ${suggestion(this.form.name)}.`;
    }
    if (field === "name" && !this.form.name && this.seen.has("name") && this.seen.has("reason")) return "Name it, for example orders.";
    const problem = this.refused ?? this.problem;
    if (!problem) return "";
    const about = problem.errors.filter((one) => FIELDS[one.pointer.split("/")[1] ?? ""] === field).map((one) => one.detail);
    if (about.length) return about.join(" ");
    return field === "name" && ["name-taken", "differs", "under-way"].includes(problem.type) ? problem.detail : "";
  }

  view() {
    return html`<nav class="crumb" aria-label="Breadcrumb"><a href="#/databases">Databases</a> ${sign("chev", true)} <span>New</span></nav>
      <div class="head"><div><h1>New database</h1><p>You ask here; a pull request, a plan and an apply make it. Nothing is made before you send.</p></div></div>
      <form class="cols" novalidate @submit=${(/** @type {Event} */ event) => this.send(event)}><div class="stack">${what(this)}${howMuch(this)}${howLong(this)}</div>${summary(this)}${dock(this)}</form>`;
  }
}

/** @param {string} name */
function suggestion(name) {
  const rest = name.toLowerCase().replace(/[^a-z0-9-]/g, "");
  return /^[0-9]*([a-z][a-z0-9]*)/.exec(rest)?.[1] ?? "orders";
}

/** @param {Asking} one @param {string} field @param {unknown} hint */
function help(one, field, hint) {
  const wrong = one.wrong(field);
  return wrong ? html`<p class="help err" id="${field}-h" role="alert">${icon("alert", true)} <span>${wrong}</span></p>` : html`<p class="help" id="${field}-h">${hint}</p>`;
}

/** @param {Asking} one @param {keyof Form} name @param {string} kind @param {{ id: string, title: unknown, says: unknown, off?: boolean }[]} choices */
function picks(one, name, kind, choices) {
  return html`<div class="picks ${kind}" role="radiogroup" aria-labelledby="${name}-l" aria-describedby="${name}-h">${choices.map(
    (choice, index) => html`<label class="pick"><input type="radio" name=${name} id=${one.form[name] === choice.id || (index === 0 && !one.form[name]) ? name : `${name}-${choice.id}`} value=${choice.id} .checked=${one.form[name] === choice.id} ?disabled=${choice.off} @change=${() => one.set({ [name]: choice.id })}><span><b>${choice.title}</b>${choice.says}</span></label>`,
  )}</div>`;
}

/** @param {Asking} one */
function what(one) {
  const { form, catalog } = one;
  const free = one.preview !== null && !one.wrong("name");
  const environments = Object.entries(catalog.environments).map(([id, about]) => ({ id, title: id, says: html`<small>${about.approval === "auto" ? "merges automatically" : "a reviewer approves"}</small>` }));
  const engines = Object.entries(catalog.engines).map(([id, about]) => ({ id, title: engine(id), off: !catalog.environments[form.environment]?.sizes.some((name) => takes(catalog.sizes[name], id)), says: html`<small>${about.versions.length > 1 ? "Versions" : "Version"} ${listed(about.versions)}</small>` }));
  return html`<section class="card"><div class="body stack roomy first">
    <div class="field"><span class="label" id="source-l">Start from</span>${picks(one, "source", "three", [
      { id: "empty", title: "Empty", says: html`<small>A new, empty database</small>` },
      { id: "clone", title: "A running database", says: html`<small>Its data, as of any minute its backups reach</small>` },
      { id: "snapshot", title: "A snapshot", says: html`<small>What a removal or an upgrade left</small>` },
    ])}${one.wrong("source") ? help(one, "source", nothing) : nothing}${source(one)}</div>
    <div class="two"><div class="field"><label for="name">Name</label><div class="affix ${one.wrong("name") ? "bad" : free ? "ok" : ""}"><span aria-hidden="true">${form.environment}/</span><input id="name" name="name" maxlength="40" autocomplete="off" spellcheck="false" .value=${form.name} aria-describedby="name-h" aria-invalid=${one.wrong("name") ? "true" : nothing} @input=${(/** @type {Event} */ event) => one.set({ name: value(event).trim() })}></div>
      ${one.asking && !one.wrong("name") ? html`<p class="help" id="name-h"><span class="skel skel-l"></span></p>` : free ? html`<p class="help ok" id="name-h" role="status">${sign("check", true)} <span>Free in ${form.environment}, and ${engine(form.engine)} accepts it</span></p>` : help(one, "name", "Small letters, digits and hyphens; at most 40.")}</div>
    <div class="field"><span class="label" id="environment-l">Environment</span>${picks(one, "environment", "three tight", environments)}${help(one, "environment", nothing)}</div></div>
    ${form.source === "empty" ? html`<div class="field"><span class="label" id="engine-l">Engine</span>${picks(one, "engine", "two-c", engines)}${one.wrong("engine") ? help(one, "engine", nothing) : nothing}
      <div class="row small wrap"><label for="version" class="sub">Version</label><select class="input mini" id="version" @change=${(/** @type {Event} */ event) => one.set({ version: value(event) })}>${catalog.engines[form.engine]?.versions.toReversed().map((version) => html`<option value=${version} ?selected=${version === form.version}>${version}</option>`)}</select><span class="dim">${one.wrong("version") || "Minor versions are patched by AWS in the weekly window."}</span></div></div>` : nothing}
  </div></section>`;
}

/** Where the data comes from. @param {Asking} one */
function source(one) {
  const { form } = one;
  if (form.source === "empty") return nothing;
  const running = one.databases.filter((database) => database.state === "available");
  const kept = one.snapshots;
  const choose = (/** @type {Event} */ event) => {
    const found = running.find((database) => `${database.environment}/${database.database_name}` === value(event));
    one.set({ from: value(event), ...(found ? { engine: found.database_engine } : {}) });
  };
  const snapshot = (/** @type {Event} */ event) => {
    const found = kept.find((each) => each.name === value(event));
    one.set({ snapshot: value(event), ...(found ? { engine: found.database_engine } : {}) });
  };
  const chosen = kept.find((each) => each.name === form.snapshot);
  const from = form.source === "clone" ? form.from.split("/")[0] : chosen?.environment;
  const other = from && from !== form.environment;
  return html`<div class="two src">${
    form.source === "clone"
      ? html`<div class="field"><label for="from">Database</label><select class="input" id="from" @change=${choose}><option value="">${running.length ? "Choose one" : "No database is running"}</option>${running.map((database) => option(`${database.environment}/${database.database_name}`, `${database.environment}/${database.database_name}, ${engine(database.database_engine)} ${database.engine_version}${storage(database.storage_gb)}`, form.from))}</select></div>
      <div class="field"><label for="at">As of <span class="opt">in UTC; empty for the latest</span></label><input class="input" type="datetime-local" id="at" .value=${form.at} @change=${(/** @type {Event} */ event) => one.set({ at: value(event) })}></div>`
      : html`<div class="field wide"><label for="snapshot">Snapshot</label><select class="input" id="snapshot" @change=${snapshot}><option value="">${kept.length ? "Choose one" : "No removal and no upgrade left one"}</option>${kept.map((each) => option(each.name, `${each.name}, ${engine(each.database_engine)} ${each.engine_version}`, form.snapshot))}</select><p class="help">Engine and version are the snapshot's.</p></div>${chosen ? made(one, chosen) : nothing}`
  }${other ? html`<div class="wide">${note("warn", "alert", html`<p><b>Data of ${from} stays in ${from}</b> unless the catalog opens it to ${form.environment}; then ${from} approves as well.</p>`)}</div>` : nothing}
    ${note("", "info", html`<p>Users, grants and data come along. The passwords of application and read_only are new.</p>`)}</div>`;
}

/** What the snapshot of an instance is made: an instance again, or the cluster that RDS makes of it. @param {Asking} one @param {import("../types.js").Snapshot} of */
function made(one, of) {
  const cluster = one.catalog.engines[of.database_engine]?.becomes;
  if (!cluster || !one.catalog.engines[cluster]?.versions.includes(of.engine_version)) return nothing;
  return html`<div class="field wide"><label for="made">Made as</label><select class="input" id="made" @change=${(/** @type {Event} */ event) => one.set({ engine: value(event) })}>${[of.database_engine, cluster].map((name) => option(name, `${engine(name)} ${of.engine_version}`, one.form.engine))}</select><p class="help">Of an instance's snapshot RDS makes a cluster too: a copy, at another address.</p></div>`;
}

/** @param {string} id @param {string} text @param {string} chosen */
function option(id, text, chosen) {
  return html`<option value=${id} ?selected=${id === chosen}>${text}</option>`;
}

/** @param {Asking} one */
function howMuch(one) {
  const { form, catalog } = one;
  const offered = catalog.environments[form.environment];
  if (!offered) return nothing;
  const sizes = Object.entries(catalog.sizes).filter(([, about]) => takes(about, form.engine)).map(([id, about]) => ({ id, off: !offered.sizes.includes(id), title: html`${id} <span>${sizePrice(about, form.engine, form.ha)}</span>`, says: html`<small>${sort(about)}</small>${offered.sizes.includes(id) ? nothing : html`<small class="dim">not in ${form.environment}</small>`}` }));
  const range = offered.storage_gb;
  const kept = one.preview?.database.storage_gb === form.storage ? one.preview.database.price.storage_usd : null;
  const optional = offered.high_availability === "optional";
  return html`<section class="card"><div class="body stack roomy first">
    <div class="field"><span class="label" id="size-l">Size</span>${picks(one, "size", "four", sizes)}${help(one, "size", one.cluster() ? "USD of a usual month, without a reader. It can change later, without a restart." : "USD a month. It can change later; that restarts the database for some minutes.")}</div>
    ${one.cluster() ? html`<p class="help">Storage grows and shrinks automatically; what is used is paid.</p>` : form.source === "empty" ? html`<div class="field"><div class="row"><label for="storage" class="label">Storage</label><output class="wide-out" for="storage">${kept === null ? nothing : html`<span class="dim">${usd(kept)} USD a month ·</span> `}<b>${form.storage} GB</b></output></div>
      <input type="range" id="storage" min=${range.minimum} max=${range.maximum} step="1" .value=${String(form.storage)} aria-describedby="storage-h" @input=${(/** @type {Event} */ event) => one.set({ storage: Number(value(event)) })}>
      <div class="row small dim"><span>${range.minimum} GB</span><span class="push">${range.maximum} GB</span></div>${help(one, "storage", one.preview ? `It grows automatically when it fills up, to ${one.preview.database.max_storage_gb} GB. It never shrinks.` : "It grows automatically when it fills up. It never shrinks.")}</div>` : nothing}
    <label class="switch"><input type="checkbox" role="switch" id="ha" .checked=${form.ha} ?disabled=${!optional} aria-describedby="ha-h" @change=${(/** @type {Event} */ event) => one.set({ ha: /** @type {HTMLInputElement} */ (event.target).checked })}><span><b>High availability</b><br><span class="help" id="ha-h">${
      optional ? "A second copy in another zone takes over within two minutes. Doubles the price." : offered.high_availability === "always" ? `Always on in ${form.environment}.` : `Not offered in ${form.environment}.`
    } ${one.wrong("ha")}</span></span></label>
  </div></section>`;
}

/** @param {Asking} one */
function howLong(one) {
  const { form, catalog } = one;
  const offered = catalog.environments[form.environment];
  if (!offered) return nothing;
  const latest = new Date(now().getTime() + (days(offered.lifetime.maximum) ?? 0) * 864e5);
  const end = one.preview?.database.expires_at;
  const says = form.ttl === "never" && !form.until ? "It stays until someone deletes it." : end && end !== "never" ? `Ends ${day(new Date(end), now())} ${end.slice(11, 16)} UTC. Its people are warned twice before; extend it any time, to ${day(latest, now())} at the latest.` : `To ${day(latest, now())} at the latest; extend it any time.`;
  const auto = offered.approval === "auto";
  return html`<section class="card"><div class="body stack roomy first">
    <div class="field"><span class="label">Lifetime</span><div class="row wrap">${segments(lifetimes(offered).map((id) => ({ id, label: lifetime(id) })), form.until ? "" : form.ttl, "Lifetime", (ttl) => one.set({ ttl, until: "" }))}
      <label class="row small sub" for="ttl">or until <input class="input date" type="date" id="ttl" .value=${form.until} min=${now().toISOString().slice(0, 10)} max=${latest.toISOString().slice(0, 10)} aria-describedby="ttl-h" @change=${(/** @type {Event} */ event) => one.set({ until: value(event) })}></label></div>${help(one, "ttl", says)}</div>
    <div class="two"><div class="field"><label for="owner">Owner <span class="opt">optional</span></label><input class="input ${one.wrong("owner") ? "bad" : ""}" id="owner" maxlength="128" .value=${form.owner} aria-describedby="owner-h" aria-invalid=${one.wrong("owner") ? "true" : nothing} @input=${(/** @type {Event} */ event) => one.set({ owner: value(event) })}>${help(one, "owner", "Whose it is: an address or a GitHub handle. Left out, it is whose key asks, else the team.")}</div>
    <div class="field"><label for="reason">Reason ${auto ? html`<span class="opt">optional in ${form.environment}</span>` : nothing}</label><input class="input ${one.wrong("reason") ? "bad" : ""}" id="reason" maxlength="256" .value=${form.reason} aria-describedby="reason-h" aria-invalid=${one.wrong("reason") ? "true" : nothing} @input=${(/** @type {Event} */ event) => one.set({ reason: value(event) })}>${help(one, "reason", auto ? "What it is for." : "What the reviewer reads first.")}</div></div>
    <details ?open=${form.tags.length > 0 || one.wrong("tags") !== ""}><summary>${sign("chev", true)} Tags</summary><div class="stack above" id="tags" tabindex="-1">${form.tags.map((tag, index) => tagRow(one, tag, index))}
      ${one.wrong("tags") ? help(one, "tags", nothing) : nothing}<div><button class="btn sm" type="button" @click=${() => one.set({ tags: [...one.form.tags, { key: "", value: "" }] })}>${icon("plus", true)} Add a tag</button></div></div></details>
  </div></section>`;
}

/** @param {Asking} one @param {{ key: string, value: string }} tag @param {number} index */
function tagRow(one, tag, index) {
  const change = (/** @type {Partial<typeof tag>} */ part) => one.set({ tags: one.form.tags.map((other, at) => (at === index ? { ...other, ...part } : other)) });
  return html`<div class="row"><input class="input" aria-label="Name of tag ${index + 1}" placeholder="Service" maxlength="64" .value=${tag.key} @input=${(/** @type {Event} */ event) => change({ key: value(event) })}><input class="input" aria-label="Value of tag ${index + 1}" placeholder="orders" maxlength="128" .value=${tag.value} @input=${(/** @type {Event} */ event) => change({ value: value(event) })}>
    <button class="btn icon quiet" type="button" aria-label="Leave tag ${index + 1} out" @click=${() => one.set({ tags: one.form.tags.filter((_, at) => at !== index) })}>${sign("x", true)}</button></div>`;
}

/** USD a month: the dry run's, or until there is one the catalog's price of the size. @param {Asking} one */
function price(one) {
  const { form, catalog } = one;
  if (one.preview) return known(one.preview.database.price.range?.usual_usd ?? one.preview.cost.after);
  return sizePrice(catalog.sizes[form.size], form.engine, form.ha);
}

/** @param {Asking} one */
function summary(one) {
  const end = one.preview?.database.expires_at;
  const until = one.preview?.cost.until_end ?? null;
  const range = one.preview?.database.price.range;
  const choices = [{ id: "summary", label: "Summary" }, { id: "file", label: "main.tf" }];
  const place = `${one.form.environment}/${one.form.name || "…"}`;
  return html`<aside class="stack sticky" aria-labelledby="sum-h"><section class="card ${one.asking ? "old" : ""}"><h2 class="sr" id="sum-h">What you get</h2>
    ${tabs(choices, one.tab, "Summary or file", (tab) => {
      one.tab = tab;
      one.app.draw();
    })}<div class="body" role="tabpanel" id="panel-Summary-or-file" aria-labelledby="tab-${one.tab}">${
      one.tab === "file"
        ? file(one)
        : html`<div aria-live="polite" aria-atomic="true"><p class="price"><span>${price(one)}</span> <small>USD a month${range ? " as usual" : ""}</small></p>${range ? html`<p class="sub small">${ends(range)}</p>` : nothing}<p class="sub small">${end === "never" ? "It has no end" : until !== null && end ? html`Until its end, ${day(new Date(end), now())}: <b class="ink">${usd(until)}</b>` : range === undefined && one.cluster() ? "Its range comes once it has a name" : "Storage comes once it has a name"}</p></div>${budget(one)}${says(one)}
      <button class="btn primary full" type="submit" ?disabled=${one.sending || one.sent || (one.preview !== null && refused(one.preview))}>${one.sending ? "Sending…" : `Ask for ${place}`}</button><p class="small dim center above">You can cancel until it is merged.</p>`
    }</div></section></aside>`;
}

/** What the team holds of its budget, and would hold by the dry run. @param {Asking} one */
function budget(one) {
  const held = one.quota?.environments[one.form.environment];
  // Until the quota is there its place is kept, so that nothing below moves.
  const { used, limit } = held?.monthly_usd ?? { used: 0, limit: 1 };
  const after = one.preview?.quota;
  const usedThen = held ? (after?.monthly_usd.after ?? used) : 0;
  const left = limit - usedThen;
  return html`<div class="budget"><div class="row small"><span class="sub">Budget of ${one.app.team()} in ${one.form.environment}</span><b class="push">${!held ? nothing : left >= 0 ? `${usd(left)} left` : `${usd(-left)} over`}</b></div>${meter(used, usedThen - used, limit)}
    <div class="row small dim">${held ? html`<span>of ${round(limit)} a month</span><span class="push">${after ? `database ${after.databases.after}` : `${held.databases.used} databases`} of ${held.databases.limit}</span>` : "…"}</div></div>`;
}

/** @param {Asking} one */
function says(one) {
  const preview = one.preview;
  const offered = one.catalog.environments[one.form.environment];
  const review = (preview?.approval ?? offered?.approval) === "review";
  const passed = preview?.policy.results.filter((rule) => rule.passed).length ?? 0;
  const problem = one.refused ?? one.problem;
  const placed = problem?.errors.length || one.wrong("name");
  return html`<dl class="sum"><div><dt>${sign("user", true)} Approval</dt><dd>${review ? html`<b>A code owner of ${one.form.environment}</b><br><span class="sub small">on the pull request</span>` : html`<b>Nobody</b><br><span class="sub small">merges when the plan shows just this</span>`}</dd></div>
    <div><dt>${sign("lock", true)} Policy</dt><dd>${!preview ? html`${badge("off", "Not checked yet")}<p class="rules sub">${one.form.name ? "…" : "It needs a name"}</p>` : html`${badge(preview.policy.passed ? "ok" : "bad", `${passed} of ${preview.policy.results.length} rules pass`)}<details class="rules small"><summary class="sub">${sign("chev", true)} See the rules</summary><ul>${preview.policy.results.map((rule) => html`<li>${badge(rule.passed ? "ok" : "bad", rule.rule)} <span class="sub">${rule.detail}</span></li>`)}</ul></details>`}</dd></div></dl>
    ${preview && !preview.fits_quota ? note("bad", "alert", html`<p><b>Over the team's quota of ${one.form.environment}.</b> Take less, or end another database first.</p>`) : nothing}
    ${preview?.database.extended_support ? note("accent", "info", html`<p><b>Extended Support:</b> ${preview.database.extended_support}.</p>`) : nothing}
    ${problem && !placed ? html`<div id="refused" tabindex="-1">${refusal(problem)}</div>` : problem && one.refused ? html`<p class="help err" role="alert">${icon("alert", true)} <span>See the fields that are marked.</span></p>` : nothing}`;
}

/** @param {Asking} one */
function file(one) {
  const body = JSON.stringify(one.body(), null, 2);
  if (!one.preview) return html`<p class="sub">Name the database; then the file that the pull request adds stands here.</p>`;
  return html`<p class="small sub"><code>terraform/databases/${one.form.environment}/${one.form.name}/main.tf</code><br>The whole of the pull request. Nothing else changes.</p><div class="above">${code(one.preview.terraform, "main.tf")}</div>
    <div class="row above">${copyButton(`curl -X POST ${new URL("../provision-rds", document.baseURI)} \\\n  -H "x-api-key: $RDSCTL_API_KEY" -H "content-type: application/json" \\\n  -d '${body.replaceAll("'", "'\\''")}'`, "Copy the request as a curl command", "Copy as curl")}</div>`;
}

/** @param {Asking} one */
function dock(one) {
  const held = one.quota?.environments[one.form.environment]?.monthly_usd;
  const then = one.preview?.quota.monthly_usd.after ?? held?.used ?? 0;
  return html`<div class="dock"><div><b>${price(one)} USD</b> <span class="sub small">a month</span><br><span class="small sub">${held ? `${usd(Math.max(0, held.limit - then))} of budget left` : "…"}</span></div><button class="btn primary push" type="submit" ?disabled=${one.sending || one.sent || (one.preview !== null && refused(one.preview))}>Ask for it</button></div>`;
}

/** @param {string[]} words */
function listed(words) {
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "");
}

/** @param {Event} event */
function value(event) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;
}
