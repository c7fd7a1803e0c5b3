// The dialog in which a database's owner, purpose and tags are changed; previewed as every write is.
import { html } from "./vendor/lit-html.js";

/** @typedef {import("./types.js").Database} Database */
/** @typedef {{ owner: string, purpose: string, tags: string, reason: string, problem: string }} Edit */

/** What the dialog begins with. @param {Database} database @returns {Edit} */
export function begun(database) {
  const tags = Object.entries(database.tags).map(([key, value]) => `${key}=${value}`).join("\n");
  return { owner: database.owner, purpose: database.purpose, tags, reason: "", problem: "" };
}

/** The lines of `K=V` as tags; the first line that is none, instead. @param {string} text */
export function tagsOf(text) {
  /** @type {Record<string, string>} */
  const tags = {};
  for (const line of text.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const [key = "", ...rest] = line.split("=");
    if (!key.trim() || !rest.length || key.trim() in tags) return { wrong: line, tags };
    tags[key.trim()] = rest.join("=").trim();
  }
  return { wrong: "", tags };
}

/** What of it differs, as PATCH takes it. @param {Edit} edit @param {Database} database */
export function changed(edit, database) {
  /** @type {{ owner?: string, purpose?: string, tags?: Record<string, string> }} */
  const body = {};
  const { tags } = tagsOf(edit.tags);
  if (edit.owner.trim() !== database.owner) body.owner = edit.owner.trim();
  if (edit.purpose.trim() !== database.purpose) body.purpose = edit.purpose.trim();
  const listed = (/** @type {Record<string, string>} */ some) => JSON.stringify(Object.entries(some).sort());
  if (listed(tags) !== listed(database.tags)) body.tags = tags;
  return body;
}

/**
 * @param {string} place @param {Edit} edit @param {Database} database
 * @param {{ change: (part: Partial<Edit>) => void, end: () => void, send: () => void }} does
 */
export function editing(place, edit, database, does) {
  const { wrong } = tagsOf(edit.tags);
  const set = (/** @type {"owner" | "purpose" | "tags" | "reason"} */ name) => (/** @type {Event} */ event) =>
    does.change({ [name]: /** @type {HTMLInputElement} */ (event.target).value });
  return html`<dialog aria-labelledby="edit-h" @close=${does.end}><form class="body stack" @submit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    does.send();
  }}><h2 id="edit-h" class="h18">Change owner, purpose and tags of ${place}</h2>
    <div class="field"><label for="edit-owner">Owner <span class="opt">whom to write to</span></label><input class="input" id="edit-owner" maxlength="128" .value=${edit.owner} @input=${set("owner")}></div>
    <div class="field"><label for="edit-purpose">Purpose</label><input class="input" id="edit-purpose" maxlength="256" .value=${edit.purpose} @input=${set("purpose")}></div>
    <div class="field"><label for="edit-tags">Tags <span class="opt">a line for each, Key=value</span></label><textarea class="input mono tall ${wrong ? "bad" : ""}" id="edit-tags" rows="4" spellcheck="false" aria-describedby="edit-tags-help" aria-invalid=${wrong ? "true" : "false"} .value=${edit.tags} @input=${set("tags")}></textarea>
      <p class="help ${wrong ? "err" : ""}" id="edit-tags-help">${wrong ? `“${wrong}” is no tag, or its key is there twice: write Key=value.` : "A line that is taken out takes its tag away."}</p></div>
    <div class="field"><label for="edit-reason">Reason</label><input class="input" id="edit-reason" maxlength="256" .value=${edit.reason} @input=${set("reason")}></div>
    <div class="row wrap"><button class="btn primary" type="submit" ?disabled=${Boolean(wrong) || Object.keys(changed(edit, database)).length === 0}>See what it changes</button><button class="btn" type="button" @click=${does.end}>Leave it as it is</button></div></form></dialog>`;
}
