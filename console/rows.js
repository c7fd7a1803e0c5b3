// The rows of a long table: those near the reader are drawn, and space stands for the others.
import { html, nothing } from "./vendor/lit-html.js";

const PART = 25; // rows that come and go together
const NEAR = 1; // screens above and below what is seen
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
        : html`<tbody data-part=${own.length} aria-hidden="true"><tr><td class="space" colspan=${columns} .style=${`height:${Math.round(own.length * this.height)}px`}></td></tr></tbody>`;
    });
  }
}

/** Arrows move from row to row, over the end of a part too. @param {KeyboardEvent} event */
export function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const here = /** @type {HTMLElement} */ (event.target).closest("tbody tr");
  if (!step || !here) return;
  event.preventDefault();
  const part = /** @type {HTMLElement} */ (here.parentElement);
  const beyond = step > 0 ? part.nextElementSibling?.firstElementChild : part.previousElementSibling?.lastElementChild;
  const next = (step > 0 ? here.nextElementSibling : here.previousElementSibling) ?? beyond;
  /** @type {HTMLElement | null | undefined} */ (next?.querySelector(".name"))?.focus();
}

/** What was computed for the same things. */
export class Kept {
  constructor() {
    /** @type {unknown[]} */
    this.of = [];
    /** @type {unknown} */
    this.value = nothing;
  }

  /** @template T @param {unknown[]} of @param {() => T} make @returns {T} */
  get(of, make) {
    if (of.length !== this.of.length || of.some((one, at) => one !== this.of[at])) {
      this.value = make();
      this.of = of;
    }
    return /** @type {T} */ (this.value);
  }
}
