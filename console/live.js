// Keeps what a page shows up to date: asks again when the API says so, and knows how old the last answer is.
import { Problem, now } from "./api.js";

const SLOWEST = 60; // seconds between tries while nothing answers

/** @template T */
export class Live {
  /**
   * @param {(signal: AbortSignal) => Promise<{ value: T, wait: number }>} load `wait` in seconds; 0 ends it
   * @param {() => void} changed
   */
  constructor(load, changed) {
    this.load = load;
    this.changed = changed;
    /** @type {T | null} */
    this.value = null;
    /** @type {Date | null} when `value` was right */
    this.at = null;
    /** @type {Problem | null} why the last try failed */
    this.problem = null;
    /** @type {Date | null} when it is asked again */
    this.next = null;
    this.tries = 0;
    this.stop = new AbortController();
    this.timer = 0;
    this.asking = false;
    document.addEventListener("visibilitychange", () => this.seen(), { signal: this.stop.signal });
    window.addEventListener("online", () => this.again(), { signal: this.stop.signal });
    this.again();
  }

  /** Whether the value may be older than it looks. */
  get stale() {
    return this.problem !== null;
  }

  /** Ask now. */
  async again() {
    if (this.asking || this.stop.signal.aborted) return;
    clearTimeout(this.timer);
    this.asking = true;
    this.next = null;
    let wait = 0;
    try {
      const { value, wait: given } = await this.load(this.stop.signal);
      this.value = value;
      this.at = now();
      this.problem = null;
      this.tries = 0;
      wait = given;
    } catch (error) {
      if (this.stop.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      this.tries += 1;
      const patient = Math.min(SLOWEST, 2 ** this.tries);
      // What was refused for good is asked again when the reader does something.
      wait = error.retryable ? Math.max(error.retryAfter, patient) : 0;
    } finally {
      this.asking = false;
    }
    if (this.stop.signal.aborted) return;
    if (wait) this.later(wait);
    this.changed();
  }

  /** @param {number} seconds */
  later(seconds) {
    this.next = new Date(now().getTime() + seconds * 1000);
    if (document.hidden) return;
    this.timer = window.setTimeout(() => this.again(), seconds * 1000);
  }

  /** In a hidden tab nothing is asked; back in sight, what is due is. */
  seen() {
    clearTimeout(this.timer);
    if (document.hidden || !this.next) return;
    const left = (this.next.getTime() - now().getTime()) / 1000;
    if (left <= 0) this.again();
    else this.later(left);
  }

  close() {
    clearTimeout(this.timer);
    this.stop.abort();
  }
}
