// What the pipeline said of one request, read when someone asks for it and not before.
import { Problem, call } from "./api.js";
import { code } from "./boxes.js";
import { note } from "./parts.js";
import { html, nothing } from "./vendor/lit-html.js";

/** The log of one request. */
export class Log {
  /** @param {() => void} draw @param {string} request */
  constructor(draw, request) {
    this.draw = draw;
    this.request = request;
    /** @type {string | null} */
    this.text = null;
    /** @type {Problem | null} */
    this.problem = null;
    this.asking = false;
  }

  async read() {
    Object.assign(this, { asking: true, problem: null });
    this.draw();
    try {
      this.text = /** @type {{ body: string }} */ (await call("GET", `/requests/${this.request}/log`, { text: true })).body;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    this.asking = false;
    this.draw();
  }

  view() {
    return html`<section class="card" aria-labelledby="log-h"><header><h2 id="log-h">Log</h2><button class="btn sm push" type="button" ?disabled=${this.asking} @click=${() => this.read()}>${
      this.asking ? "Asking…" : this.text === null ? "Show the log" : "Ask again"
    }</button></header><div class="body">${this.problem ? note("warn", "alert", html`<p role="alert">${this.problem.detail}</p>`) : nothing}${
      this.text === null ? html`<p class="small sub">What the pipeline said of this request alone, its newest try.</p>` : this.text ? code(this.text, "Log", true) : html`<p class="small sub">Nothing is written yet.</p>`
    }</div></section>`;
  }
}
