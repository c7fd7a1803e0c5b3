// A write, shown before it is sent: what it changes, what it costs, who approves; as the API's dry run says it.
import { Problem, call } from "./api.js";
import { counted, day, usd } from "./format.js";
import { badge, icon, note } from "./parts.js";
import { html, nothing } from "./vendor/lit-html.js";

/** @typedef {import("./types.js").Preview} Preview */
/** @typedef {import("./types.js").Description} Description */

/**
 * @typedef {{ title: string, button: string, danger?: boolean, method: string, path: string,
 *   query?: Record<string, string>, body?: unknown, before?: Description | null, says?: unknown,
 *   shows?: (preview: any) => unknown, sent: (answer: any) => void }} About
 */

/** One write, from its preview to its answer; drawn as a dialog while it is open. */
export class Wish {
  /** @param {import("./types.js").App} app */
  constructor(app) {
    this.app = app;
    /** @type {About | null} */
    this.about = null;
    /** @type {any} */
    this.preview = null;
    /** @type {Problem | null} */
    this.problem = null;
    this.sending = false;
  }

  /** Ask what it would do, and show that. @param {About} about */
  async open(about) {
    Object.assign(this, { about, preview: null, problem: null, sending: false });
    this.app.draw();
    try {
      const { body } = await this.send({ ...about.query, dry_run: "true" });
      if (this.about === about) this.preview = body;
    } catch (error) {
      this.refuse(error, about);
    }
    this.app.draw();
  }

  /** @param {Record<string, string>} query */
  send(query) {
    const { method, path, body } = /** @type {About} */ (this.about);
    return call(method, path, { query, ...(body === undefined ? {} : { body }) });
  }

  async confirm() {
    const about = this.about;
    if (!about || this.sending) return;
    Object.assign(this, { sending: true, problem: null });
    this.app.draw();
    try {
      const { body } = await this.send(about.query ?? {});
      this.close();
      about.sent(body);
    } catch (error) {
      this.refuse(error, about);
    } finally {
      this.sending = false;
      this.app.draw();
    }
  }

  /** @param {unknown} error @param {About} about */
  refuse(error, about) {
    if (!(error instanceof Problem)) throw error;
    if (this.about === about) this.problem = error;
  }

  /** Close the dialog, which gives the focus back to what opened it. */
  close() {
    this.about = null;
    /** @type {HTMLDialogElement | null} */ (document.querySelector("dialog[aria-labelledby=wish-h][open]"))?.close();
    this.app.draw();
  }

  view() {
    const about = this.about;
    if (!about) return nothing;
    return html`<dialog aria-labelledby="wish-h" @close=${() => this.about === about && this.close()}><div class="body stack">
      <h2 id="wish-h" class="h18">${about.title}</h2>${about.says ?? nothing}
      ${this.problem ? refusal(this.problem) : this.preview ? (about.shows ?? ((/** @type {Preview} */ one) => changes(one, about.before ?? null)))(this.preview) : html`<p class="sub" role="status">Asking what it would do…</p>`}
      <div class="row wrap"><button class="btn ${about.danger ? "danger solid" : "primary"}" type="button" ?disabled=${!this.preview || this.sending || refused(this.preview)}
        @click=${() => this.confirm()}>${this.sending ? "Sending…" : about.button}</button><button class="btn" type="button" @click=${() => this.close()}>Leave it as it is</button></div>
    </div></dialog>`;
  }
}

/** Whether the API would refuse what the preview shows. @param {any} preview */
export function refused(preview) {
  return preview.policy?.passed === false || preview.fits_quota === false;
}

/** @param {Problem} problem */
export function refusal(problem) {
  return note("bad", "alert", html`<p role="alert"><b>${problem.title}.</b> ${problem.errors.length ? nothing : problem.detail}</p>${problem.errors.map(
    (one) => html`<p><code>${one.pointer.slice(1)}</code> ${one.detail}</p>`,
  )}${problem.call && problem.status >= 500 ? html`<p class="small">Call ${problem.call}, for the platform team</p>` : nothing}`);
}

/** What a preview changes, in a table; what it means, below. @param {Preview} preview @param {Description | null} before */
export function changes(preview, before) {
  const rows = before ? differences(preview, before) : [];
  const restarts = before !== null && preview.kind === "update" && preview.database.instance_class !== before.instance_class;
  const upgrades = before !== null && preview.database.engine_version !== before.engine_version;
  return html`${upgrades ? preview.effects.map((one) => note("warn", "alert", html`<p><b>${one.sentence}</b></p>`)) : nothing}${restarts ? note("warn", "alert", html`<p><b>Restarts ${before.environment}/${before.database_name} as soon as it is merged.</b> It has some minutes without service.</p>`) : nothing}
    ${rows.length ? html`<div class="scroll"><table class="table tight"><thead><tr><th scope="col">What</th><th scope="col">Now</th><th scope="col">After</th></tr></thead><tbody>${rows.map(
      ([what, now, after, tag]) => html`<tr><td>${what}</td><td>${now}</td><td><b>${after}</b>${tag ? html` <span class="tag ${tag.startsWith("+") ? "warn" : "ok"}">${tag}</span>` : nothing}</td></tr>`,
    )}</tbody></table></div>` : nothing}
    <dl class="sum">${meaning(preview).map(([what, says]) => html`<div><dt>${what}</dt><dd>${says}</dd></div>`)}</dl>`;
}

/** @param {Preview} preview @param {Description} before @returns {[string, string, string, string?][]} */
function differences(preview, before) {
  const after = preview.database;
  const end = (/** @type {string} */ at) => (at === "never" ? "no end" : `${day(new Date(at), new Date())}, ${at.slice(11, 16)} UTC`);
  /** @type {[string, string, string, string?][]} */
  const rows = [];
  if (preview.kind === "remove") return [["Database", "there", "removed"], ["Cost", month(preview.cost.before), "0.00"]];
  if (after.engine_version !== before.engine_version) rows.push(["Version", before.engine_version, after.engine_version]);
  if (after.instance_class !== before.instance_class || after.size !== before.size) rows.push(["Size", before.size ?? before.instance_class, after.size ?? after.instance_class]);
  if (after.storage_gb !== before.storage_gb) rows.push(["Storage", `${before.storage_gb} GB`, `${after.storage_gb} GB`]);
  if (after.expires_at !== before.expires_at) rows.push(["Ends", end(before.expires_at), end(after.expires_at)]);
  if (after.deletion_protection !== before.deletion_protection) rows.push(["Deletion protection", before.deletion_protection ? "on" : "off", after.deletion_protection ? "on" : "off"]);
  if (after.owner !== before.owner) rows.push(["Owner", before.owner, after.owner]);
  if (after.purpose !== before.purpose) rows.push(["Purpose", before.purpose || "none", after.purpose || "none"]);
  for (const key of new Set([...Object.keys(before.tags), ...Object.keys(after.tags)])) {
    if (before.tags[key] !== after.tags[key]) rows.push([`Tag ${key}`, before.tags[key] ?? "none", after.tags[key] ?? "none"]);
  }
  const more = preview.cost.difference;
  if (more) rows.push([after.capacity ? "Cost at the maximum" : "Cost", month(preview.cost.before), usd(preview.cost.after ?? 0), `${more > 0 ? "+" : "−"}${usd(Math.abs(more))}`]);
  return rows;
}

/** @param {number | null} amount */
function month(amount) {
  return amount === null ? "not known" : `${usd(amount)} USD a month`;
}

/** @param {Preview} preview @returns {[string, unknown][]} */
function meaning(preview) {
  const passed = preview.policy.results.filter((one) => one.passed).length;
  const failed = preview.policy.results.filter((one) => !one.passed);
  /** @type {[string, unknown][]} */
  const rows = [["Approval", preview.approval === "review" ? html`<b>A code owner of ${preview.database.environment}</b> approves the pull request` : html`<b>Nobody</b>, it merges automatically`]];
  if (preview.policy.results.length) rows.push(["Policy", badge(failed.length ? "bad" : "ok", `${passed} of ${preview.policy.results.length} rules pass`)]);
  for (const one of failed) rows.push([one.rule, one.detail]);
  if (!preview.fits_quota) rows.push(["Budget", html`${icon("alert", true)} It does not fit the team's quota of ${preview.database.environment}.`]);
  return rows;
}

/** A lifetime of the catalog in days; null for `never`. @param {string} text */
export function days(text) {
  const found = /^([0-9]+)([hd])$/.exec(text);
  return found ? Number(found[1]) / (found[2] === "h" ? 24 : 1) : null;
}

/** A lifetime as people say it. @param {string} text */
export function lifetime(text) {
  const found = /^([0-9]+)([hd])$/.exec(text);
  return found ? counted(Number(found[1]), found[2] === "h" ? "hour" : "day") : "No end";
}

/** The lifetimes to choose from: the default, and what is usual up to the maximum. @param {import("./types.js").Environment} offered */
export function lifetimes(offered) {
  const most = days(offered.lifetime.maximum) ?? Infinity;
  const usual = ["1d", "7d", "14d", "30d", "90d", "180d", "365d", "730d"].filter((text) => (days(text) ?? 0) <= most);
  const shown = new Set([...usual.slice(offered.lifetime.never ? -3 : -4), offered.lifetime.default, offered.lifetime.maximum].filter((text) => text !== "never"));
  const sorted = [...shown].sort((a, b) => (days(a) ?? 0) - (days(b) ?? 0));
  return [...sorted, ...(offered.lifetime.never ? ["never"] : [])];
}
