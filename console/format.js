// How numbers, times and lengths of time are written: with units, times in UTC, far ones with the day.

const DAY = 86_400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const USD = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** @param {number} amount US dollars */
export function usd(amount) {
  return USD.format(amount);
}

/** An amount, without cents where there are none. @param {number} amount */
export function round(amount) {
  return usd(amount).replace(/\.00$/, "");
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** 14:32 @param {Date} at */
export function clock(at) {
  return at.toISOString().slice(11, 16);
}

/** 14:32:08 @param {Date} at */
export function precise(at) {
  return at.toISOString().slice(11, 19);
}

/** 25 Dec, with the year where it is another one. @param {Date} at @param {Date} now */
export function day(at, now) {
  const year = at.getUTCFullYear() === now.getUTCFullYear() ? "" : ` ${at.getUTCFullYear()}`;
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}${year}`;
}

/** 14:32 today; 25 Dec, 14:32 on other days. @param {Date} at @param {Date} now */
export function when(at, now) {
  return at.toISOString().slice(0, 10) === now.toISOString().slice(0, 10)
    ? clock(at)
    : `${day(at, now)}, ${clock(at)}`;
}

/** How long something took: 0.2 s, 45 s, 5 min 54 s, 2 h 10 min, 3 d 4 h. @param {number} seconds */
export function span(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return two(seconds, 60, "min", 1, "s");
  if (seconds < DAY) return two(seconds, 3600, "h", 60, "min");
  return two(seconds, DAY, "d", 3600, "h");
}

/** About how long: 45 s, 6 min, 2 h, 12 d. @param {number} seconds */
export function about(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

/** From about so long to about so long: 7 to 13 min. @param {number} from @param {number} to in seconds */
export function range(from, to) {
  const [low, high] = [about(from), about(to)];
  if (low === high) return low;
  const same = low.split(" ")[1] === high.split(" ")[1];
  return `${same ? low.split(" ")[0] : low} to ${high}`;
}

/** @param {number} seconds @param {number} big @param {string} b @param {number} small @param {string} s */
function two(seconds, big, b, small, s) {
  const whole = Math.floor(seconds / big);
  const rest = Math.floor((seconds - whole * big) / small);
  return `${whole} ${b}${rest ? ` ${rest} ${s}` : ""}`;
}

/** @param {string} engine */
export function engine(engine) {
  return engine.replace("aurora-", "Aurora ").replace(/postgres(ql)?/, "PostgreSQL").replace("mysql", "MySQL");
}

/** @param {import("./types.js").Description} one USD of its usual month */
export function usual(one) {
  return one.price.range?.usual_usd ?? one.monthly_cost_usd;
}

/** An address that a link may lead to; empty for any other scheme. @param {string | null | undefined} url */
export function safe(url) {
  return url && /^https?:\/\//.test(url) ? url : "";
}

/** The number of a pull request, from its address. @param {string | null} url */
export function number(url) {
  return /\/(\d+)\/?$/.exec(url ?? "")?.[1] ?? "";
}

/** The id at the end of a link to a request; empty without one. @param {string | null | undefined} link */
export function id(link) {
  return /\/requests\/([0-9a-f-]+)$/.exec(link ?? "")?.[1] ?? "";
}
