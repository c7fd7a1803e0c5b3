// The rows of a long table, for which this is loaded: those near the reader are drawn, and space stands for the others.
import { html } from "./vendor/lit-html.js";

const PART = 25; // rows that come and go together
const NEAR = 1; // screens above and below what is seen
const NOTHING = "padding:0 !important;border:0 !important;background:none";
const GUESS = 51; // px of a row before one was measured

/** Parts of a table, each in a tbody, so that no row turns into another one while the reader scrolls. */
export class Rows {
  /** @param {() => void} draw */
  constructor(draw) {
    this.draw = draw;
    /** The first part that is drawn, and the one after the last. */
    this.from = 0;
    this.to = 2;
    this.height = GUESS;
    this.asked = 0;
    this.stop = new AbortController();
    const options = { passive: true, signal: this.stop.signal };
    window.addEventListener("scroll", () => this.later(), options);
    window.addEventListener("resize", () => this.later(), options);
  }

  close() {
    this.stop.abort();
  }

  later() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.look();
    });
  }

  /** Find the parts near what is seen now, and draw if they are others. */
  look() {
    const parts = document.querySelectorAll("tbody[data-part]");
    const screen = window.innerHeight;
    let [from, to] = [-1, 0];
    let drawn = 0;
    let pixels = 0;
    parts.forEach((part, at) => {
      const { top, bottom, height } = part.getBoundingClientRect();
      if (part.hasAttribute("data-drawn")) {
        drawn += Number(part.getAttribute("data-part"));
        pixels += height;
      }
      if (bottom > -NEAR * screen && top < (1 + NEAR) * screen) {
        if (from < 0) from = at;
        to = at + 1;
      }
    });
    if (drawn && pixels) this.height = pixels / drawn;
    if (from < 0 || (from === this.from && to === this.to)) return;
    [this.from, this.to] = [from, to];
    this.draw();
  }

  /**
   * @template T
   * @param {T[]} all @param {(one: T, at: number) => unknown} row @param {number} columns
   */
  view(all, row, columns) {
    const parts = Math.ceil(all.length / PART);
    this.later();
    return Array.from({ length: parts }, (_, part) => {
      const own = all.slice(part * PART, (part + 1) * PART);
      return part >= this.from && part < this.to
        ? html`<tbody data-part=${own.length} data-drawn>${own.map((one, at) => row(one, part * PART + at))}</tbody>`
        : html`<tbody data-part=${own.length} aria-hidden="true"><tr .style=${NOTHING}><td colspan=${columns} .style=${`${NOTHING};height:${Math.round(own.length * this.height)}px`}></td></tr></tbody>`;
    });
  }
}
