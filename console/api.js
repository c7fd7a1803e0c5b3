// Speaks HTTP to the API, one level above the console's address, so that a stage in the path is kept.

const BASE = new URL("../", document.baseURI);
const PATIENCE = 15_000; // milliseconds; the API's own functions end by then
const NAME = "rds-provisioner-key";
const REFUSED = ["no-key", "no-team", "key-expired"];

/** The key where the browser lends no storage. */
let unstored = "";

/** The server's clock less this browser's, in milliseconds. */
let ahead = 0;

/** Why a call came to nothing: what the API said, or that it could not be asked. */
export class Problem extends Error {
  /**
   * @param {"refused" | "offline" | "slow" | "problem"} kind
   * @param {{ status?: number, title: string, detail: string, call?: string, retryAfter?: number,
   *   retryable?: boolean, type?: string, errors?: { pointer: string, detail: string }[] }} about
   */
  constructor(kind, about) {
    super(about.title);
    this.kind = kind;
    this.status = about.status ?? 0;
    this.title = about.title;
    this.detail = about.detail;
    this.call = about.call ?? "";
    this.retryAfter = about.retryAfter ?? 0;
    this.retryable = about.retryable ?? false;
    this.type = about.type ?? "";
    this.errors = about.errors ?? [];
  }
}

/** The present, by the server's clock. */
export function now() {
  return new Date(Date.now() + ahead);
}

/** @param {(from: Storage) => string | null} read */
function stored(read) {
  try {
    return read(sessionStorage) ?? read(localStorage);
  } catch {
    return null;
  }
}

/** The team's key; empty without one. */
export function key() {
  return stored((from) => from.getItem(NAME)) ?? unstored;
}

/** Keep a key: for this tab, or for this browser. @param {string} text @param {boolean} inBrowser */
export function keep(text, inBrowser) {
  forget();
  try {
    (inBrowser ? localStorage : sessionStorage).setItem(NAME, text);
  } catch {
    unstored = text;
  }
}

/** Drop the key, wherever it is. */
export function forget() {
  unstored = "";
  try {
    sessionStorage.removeItem(NAME);
    localStorage.removeItem(NAME);
  } catch {
    /* nothing is kept there */
  }
}

/** Whether the key stays when the tab is closed. */
export function isKept() {
  try {
    return localStorage.getItem(NAME) !== null;
  } catch {
    return false;
  }
}

/**
 * @typedef {{ query?: Record<string, string>, body?: unknown, headers?: Record<string, string>,
 *   signal?: AbortSignal, key?: string, text?: boolean }} Options
 */

/**
 * One call; raises Problem for every answer but a good one.
 * @template T
 * @param {string} method @param {string} path @param {Options} [options]
 * @returns {Promise<{ body: T, wait: number }>} with `text` the body is no document but a text; `wait` is Retry-After in seconds; 0 without one
 */
export async function call(method, path, options = {}) {
  const url = new URL(path.replace(/^\//, ""), BASE);
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
  /** @type {Record<string, string>} */
  const headers = { ...options.headers, "x-api-key": options.key ?? key() };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const patience = AbortSignal.timeout(PATIENCE);
  let response, content;
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: options.signal ? AbortSignal.any([options.signal, patience]) : patience,
      credentials: "omit",
      redirect: "error",
    });
    content = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable(patience.aborted);
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  if (date) ahead = Math.abs(date - Date.now()) < 2000 ? 0 : date - Date.now();
  const wait = Number(response.headers.get("retry-after")) || 0;
  const body = options.text && response.ok ? content : parsed(content);
  if (!response.ok || body === undefined) {
    const problem = refusal(response.status, body, wait);
    if (problem.kind === "refused" && options.key === undefined) window.dispatchEvent(new Event("key-refused"));
    throw problem;
  }
  return { body, wait };
}

/** @template T @param {string} path @param {Options} [options] @returns {Promise<T>} */
export async function get(path, options) {
  return /** @type {{ body: T }} */ (await call("GET", path, options)).body;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {boolean} slow */
function unreachable(slow) {
  if (slow) {
    return new Problem("slow", {
      title: "The API did not answer",
      detail: `It gave no answer within ${PATIENCE / 1000} seconds. Your databases are not affected.`,
      retryable: true,
    });
  }
  return new Problem("offline", {
    title: navigator.onLine ? "The API cannot be reached" : "This browser is offline",
    detail: "The network gave no connection. Your databases are not affected.",
    retryable: true,
  });
}

/** @param {number} status @param {any} body @param {number} wait */
function refusal(status, body, wait) {
  const slug = String(body?.type ?? "").split(":").pop() ?? "";
  return new Problem(status === 401 || REFUSED.includes(slug) ? "refused" : "problem", {
    status,
    title: body?.title ?? `The API answered ${status}`,
    detail: body?.detail ?? "The answer was not one of the API's documents.",
    call: body?.request_id,
    retryAfter: wait,
    retryable: body?.retryable ?? status >= 500,
    type: slug,
    errors: body?.errors,
  });
}
