// The steps of a request out of its timeline, in order: from the pull request to the users.
import { clock, number, range, safe, span } from "./format.js";
import { html, nothing } from "./vendor/lit-html.js";

/** @typedef {import("./types.js").Request} Request */
/** @typedef {import("./types.js").Happened} Happened */
/** @typedef {"done" | "now" | "hold" | "fail" | "none" | "todo"} Kind */
/** @typedef {{ name: string, kind: Kind, from: number, to: number, dur: string, says: unknown }} Shown times in ms; 0 where there is none */

const NAMES = ["Pull request", "Plan", "Review", "Queue", "Apply", "Ready"];
const [PLAN, REVIEW, READY] = [1, 2, 5];
/** The API's step of each. @type {import("./types.js").Step[]} */
const STEP_OF = ["pull_request", "review", "review", "queue", "apply", "users"];

/** The last event of a type. @param {Request} request @param {string} type @returns {Happened | undefined} */
export function last(request, type) {
  return request.timeline.findLast((event) => event.event === type);
}

/** Where a request is among NAMES; all of them behind it once it is over. @param {Request} request @param {boolean} users */
function place(request, users) {
  const step = request.error?.step ?? request.step;
  if (step === "pull_request") return 0;
  if (step === "review") return last(request, "planned") ? REVIEW : PLAN;
  if (step === "queue") return 3;
  if (step === "apply") return 4;
  if (step === "users") return READY;
  if (request.state !== "done") return last(request, "planned") ? REVIEW : last(request, "opened") ? PLAN : 0;
  return request.kind === "create" && !users ? READY : READY + 1;
}

/**
 * @param {Request} request @param {boolean} reviewed whether someone has to approve
 * @param {boolean} users whether its users are there @param {Date} now
 * @returns {Shown[]}
 */
export function steps(request, reviewed, users, now) {
  const here = place(request, users);
  const bounds = ["", "opened", "planned", "merged", "started", "succeeded", "users_ready"].map((type) => Date.parse(type ? (last(request, type)?.at ?? "") : request.created_at) || 0);
  const over = request.state === "rejected" || request.state === "cancelled";
  const names = request.kind === "create" ? NAMES : NAMES.slice(0, READY);
  return names.map((name, index) => {
    const kind = kindOf(index, here, request, reviewed, over);
    const from = bounds[index] ?? 0;
    const end = kind === "done" ? (bounds[index + 1] ?? 0) : kind === "todo" || kind === "none" ? 0 : kind === "fail" ? Date.parse(request.updated_at) : now.getTime();
    const to = from && end >= from ? end : 0;
    return { name, kind, from, to, dur: duration(kind, from, to, index, request), says: says(index, kind, request, reviewed) };
  });
}

/** @param {number} index @param {number} here @param {Request} request @param {boolean} reviewed @param {boolean} over @returns {Kind} */
function kindOf(index, here, request, reviewed, over) {
  if (index < here) return "done";
  if (index > here || over) return over || request.state === "failed" ? "none" : "todo";
  if (request.state === "failed") return "fail";
  return index === REVIEW && reviewed ? "hold" : "now";
}

/** @param {Kind} kind @param {number} from @param {number} to @param {number} index @param {Request} request */
function duration(kind, from, to, index, request) {
  if (kind === "none") return "not reached";
  const usual = request.estimate?.steps.find((one) => one.step === STEP_OF[index])?.seconds;
  if (kind === "todo" && usual && index > REVIEW) return `usually ${range(usual.likely, usual.latest)}`;
  if (kind === "todo" || !to) return "";
  return index === READY && kind === "done" ? "" : span((to - from) / 1000);
}

/** @param {number} index @param {Kind} kind @param {Request} request @param {boolean} reviewed */
function says(index, kind, request, reviewed) {
  if (kind === "none") return nothing;
  const slow = (kind === "now" || kind === "hold") && request.slower_than_usual ? " Slower than usual: nine of ten were done by now." : "";
  const done = kind === "done";
  const environment = request.environment;
  const job = (/** @type {string | undefined} */ url, /** @type {string} */ text) => (safe(url) ? html`<a href=${safe(url)} rel="noreferrer">${text}</a>` : nothing);
  const detail = (/** @type {string} */ type) => last(request, type)?.detail ?? {};
  switch (index) {
    case 0: {
      const url = safe(request.links.pull_request);
      return url ? html`<a href=${url} rel="noreferrer">#${number(url)}</a>, one file, by ${last(request, "opened")?.actor}` : "One branch, one commit, one file.";
    }
    case PLAN:
      return done ? html`${detail("planned").plan ?? "It shows what was asked for."} ${job(String(detail("planned").pipeline_url ?? ""), "Job")}` : `Gate and plan, with rights to read alone.${slow}`;
    case REVIEW: {
      const approved = last(request, "approved");
      const merged = last(request, "merged");
      if (done) return `${approved ? `${approved.actor} approved. ` : reviewed ? "" : `Not needed in ${environment}: the plan shows just what was asked for. `}${merged ? `Merged at ${clock(new Date(merged.at))} by ${merged.actor}.` : ""}`;
      return `${reviewed ? `A code owner of ${environment} has to approve.` : "It merges automatically when the plan shows just what was asked for."}${slow}`;
    }
    case 3:
      return done ? nothing : `After the merge, the pipeline takes it up.${slow}`;
    case 4:
      return done ? html`As planned. ${job(String(detail("succeeded").pipeline_url ?? detail("started").pipeline_url ?? ""), "Job")}` : `Terraform makes what the plan says. Most of the time is AWS's.${slow}`;
    default:
      return done ? "The users application and read_only are made." : "The users application and read_only are made. Then this page shows how to connect.";
  }
}
