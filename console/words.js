// How a database and a request are named while something happens to them.
import { clock, when } from "./format.js";

/** @typedef {import("./types.js").Database} Database */
/** @typedef {import("./types.js").RequestSummary} RequestSummary */
/** @typedef {import("./types.js").ActiveRequest} ActiveRequest */
/** @typedef {import("./parts.js").Shape} Shape */

/** @type {Record<string, string>} */
export const KINDS = { create: "Create", update: "Change", extend: "Extend", maintain: "Maintain", disarm: "Prepare the removal of", remove: "Remove" };

/** @type {Record<string, string>} */
const DOING = {
  create: "Being made",
  update: "Being changed",
  extend: "Being extended",
  maintain: "Being maintained",
  disarm: "Protection goes off",
  remove: "Being removed",
};

/** @type {Record<string, string>} */
export const STEPS = {
  pull_request: "while its pull request was opened",
  review: "in review",
  queue: "in the queue",
  apply: "while applying",
  users: "while its users were made",
  end: "at its end",
};

/** Whether a request still moves. @param {{ state: string }} one */
export function isOpen(one) {
  return ["requested", "pull_request_open", "merged", "applying"].includes(one.state);
}

/**
 * A database's state: its shape, its word, and a line under it.
 * @param {Database} one @param {RequestSummary | ActiveRequest | undefined} request its open or failed request
 * @param {boolean} reviewed whether its environment wants an approval @param {Date} now
 * @returns {{ shape: Shape, word: string, under: string, waits: boolean }}
 */
export function databaseState(one, request, reviewed, now) {
  if (one.state === "removed") return { shape: "off", word: "Removed", under: "", waits: false };
  if (request?.state === "failed" || one.state === "failed") {
    const under = request ? `${STEPS[request.step]}, ${when(new Date(request.updated_at), now)}` : "";
    return { shape: "bad", word: "Failed", under, waits: false };
  }
  if (request && isOpen(request)) {
    const waits = request.step === "review" && reviewed;
    const since = clock(new Date(request.updated_at));
    const doing = DOING[request.kind] ?? "Being changed";
    const under = { pull_request: "pull request is opened", review: waits ? `in review since ${since}` : "plan and merge",
      queue: `in the queue since ${since}`, apply: `being applied since ${since}`, users: "users are made", end: "" }[request.step];
    return { shape: waits ? "wait" : "run", word: doing, under, waits };
  }
  if (one.state === "available") {
    return one.idle_since
      ? { shape: "wait", word: "Idle", under: `since ${when(new Date(one.idle_since), now)}`, waits: false }
      : { shape: "ok", word: "Ready", under: one.drifted ? `differs from git since ${when(new Date(one.drifted.since), now)}` : "", waits: false };
  }
  const word = { pending: "Being made", updating: "Being changed", removing: "Being removed" }[one.state];
  return { shape: "run", word, under: "", waits: false };
}

/** A request's state in a list. @param {RequestSummary} one @param {boolean} reviewed */
export function requestState(one, reviewed) {
  /** @type {Record<string, [Shape, string]>} */
  const words = {
    requested: ["run", "Opening the pull request"],
    pull_request_open: reviewed ? ["wait", "In review"] : ["run", "Plan and merge"],
    merged: ["run", "In the queue"],
    applying: ["run", "Being applied"],
    done: ["ok", "Done"],
    rejected: ["off", "Rejected"],
    cancelled: ["off", "Cancelled"],
    failed: ["bad", `Failed ${STEPS[one.step]}`],
  };
  const [shape, word] = words[one.state] ?? ["off", one.state];
  return { shape, word };
}
