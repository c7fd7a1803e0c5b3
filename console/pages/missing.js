// An address that no page has.
import { html } from "../vendor/lit-html.js";

/** @returns {import("../types.js").Page} */
export function open() {
  return {
    title: () => "Not found",
    close: () => {},
    view: () => html`<div class="head"><div><h1>There is no such page</h1><p>Go to the <a href="#/databases">databases</a>, or ask for a <a href="#/new">new one</a>.</p></div></div>`,
  };
}
