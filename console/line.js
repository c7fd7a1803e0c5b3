// Time, drawn: how long each step of a request took, and how much of a life is left.
import { clock, day } from "./format.js";
import { html, nothing, svg } from "./vendor/lit-html.js";

/** @typedef {{ name: string, from: number, to: number, open: boolean }} Part what happened from then to then, in ms */

const TINTS = ["var(--t3)", "var(--t2)", "var(--t1)"];

/** @param {number} share of 100 */
const at = (share) => `${Math.max(0, Math.min(100, share)).toFixed(2)}%`;

/** @param {number} share */
const anchor = (share) => (share < 8 ? "start" : share > 92 ? "end" : "middle");

/** What still comes: hatched. @param {string} id */
function hatch(id) {
  return svg`<defs><pattern id=${id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.2" height="6" fill="var(--t2)"/></pattern></defs>`;
}

/**
 * A request's steps on a line: past ones solid, cut at "now"; what is still to come, hatched, with
 * a whisker up to when nine of ten are ready.
 * @param {Part[]} parts @param {number} now @param {{ likely: number, latest: number } | null} ready
 */
export function requestLine(parts, now, ready) {
  const first = parts[0];
  const last = parts.at(-1);
  if (!first || !last) return nothing;
  const usual = ready && ready.likely > now ? ready.likely : null;
  const latest = ready ? Math.max(ready.latest, usual ?? 0) : 0;
  const end = Math.max(last.to, latest);
  const whole = Math.max(1, end - first.from);
  const x = (/** @type {number} */ time) => (100 * (time - first.from)) / whole;
  const runs = last.open;
  const says = parts.map((part) => `${part.name} from ${clock(new Date(part.from))}`).join(", ");
  let labelled = -20;
  const labels = parts.map((part) => {
    const middle = x((part.from + part.to) / 2);
    const wide = x(part.to) - x(part.from) > 6 && middle - labelled > 9 && !(runs && part === last);
    if (wide) labelled = middle;
    return wide ? svg`<text x=${at(middle)} y="12" text-anchor=${anchor(middle)}>${part.name.toLowerCase()}</text>` : nothing;
  });
  const nowAt = x(now);
  return html`<figure class="chart line" role="img" aria-label=${`Time line: ${says}${usual ? `; ready about ${clock(new Date(usual))}, nine of ten by ${clock(new Date(latest))}` : ""}.`}><svg width="100%" height="62" aria-hidden="true">
    ${hatch("hatch")}${parts.map((part, index) => svg`<rect x=${at(x(part.from))} y="22" width=${at(Math.max(0.4, x(part.to) - x(part.from) - 0.3))} height="12" rx="2" fill=${TINTS[index % 3]} stroke="var(--t2)" stroke-width=${index % 3 ? 0 : 1}/>`)}
    ${usual ? svg`<rect x=${at(nowAt)} y="22" width=${at(x(usual) - nowAt)} height="12" rx="2" fill="url(#hatch)"/><line x1=${at(x(usual))} x2=${at(x(latest))} y1="28" y2="28" stroke="var(--ink-2)" stroke-width="1.5"/><line x1=${at(x(latest))} x2=${at(x(latest))} y1="23" y2="33" stroke="var(--ink-2)" stroke-width="1.5"/><text x=${at(x(usual))} y="12" text-anchor=${anchor(x(usual))}>ready</text><circle cx=${at(x(usual))} cy="28" r="5" fill="var(--surface)" stroke="var(--ink)" stroke-width="2"/>` : nothing}
    ${runs ? svg`<line x1=${at(nowAt)} x2=${at(nowAt)} y1="14" y2="40" stroke="var(--ink)" stroke-width="2"/><text class="strong" x=${at(nowAt)} y="10" text-anchor=${anchor(nowAt)}>now, ${last.name.toLowerCase()}</text>` : nothing}
    ${nowAt - labelled > 14 || !runs ? labels : labels.slice(0, -2)}
    <text x="0" y="54">${clock(new Date(first.from))}</text>
    ${usual ? svg`<text class="strong" x=${at(x(usual))} y="54" text-anchor=${anchor(x(usual))}>${clock(new Date(usual))}</text>` : svg`<text x="100%" y="54" text-anchor="end">${clock(new Date(Math.max(last.to, first.from)))}</text>`}
  </svg></figure>`;
}

/**
 * A database's life: spent, today, its warnings, its end, and the end it would have.
 * @param {{ created_at: string, expires_at: string, warnings_at: string[] }} one @param {Date} now
 * @param {string | null} then the end after an extension @param {string} latest what is said at the far end
 */
export function lifeLine(one, now, then, latest) {
  const start = Date.parse(one.created_at);
  const end = Date.parse(one.expires_at);
  const next = then && then !== "never" ? Date.parse(then) : end;
  const whole = (Math.max(end, next, now.getTime()) - start) * 1.12;
  const x = (/** @type {number} */ time) => (100 * (time - start)) / whole;
  const today = x(now.getTime());
  const near = Math.abs(x(end) - today) < 12;
  const far = next > end && x(next) - x(end) > 8;
  return html`<figure class="chart line" role="img" aria-label=${`Made ${day(new Date(start), now)}. Ends ${day(new Date(end), now)}.${next > end ? ` Extended, it would end ${day(new Date(next), now)}.` : ""}`}><svg width="100%" height="56" aria-hidden="true">
    ${hatch("hatch2")}<rect x="0" y="22" width="100%" height="8" rx="4" fill="var(--sunken)"/><rect x="0" y="22" width=${at(today)} height="8" rx="4" fill="var(--ink-3)"/><rect x=${at(today)} y="22" width=${at(x(end) - today)} height="8" fill="var(--line-2)"/>
    ${next > end ? svg`<rect x=${at(x(end))} y="22" width=${at(x(next) - x(end))} height="8" fill="url(#hatch2)"/>` : nothing}
    <line x1=${at(today)} x2=${at(today)} y1="14" y2="36" stroke="var(--ink)" stroke-width="2"/>
    ${one.warnings_at.map((warned) => svg`<line x1=${at(x(Date.parse(warned)))} x2=${at(x(Date.parse(warned)))} y1="19" y2="33" stroke="var(--warn-fill)" stroke-width="2"/>`)}
    <circle cx=${at(x(end))} cy="26" r="5" fill="var(--surface)" stroke="var(--ink)" stroke-width="2"/>${next > end ? svg`<circle cx=${at(x(next))} cy="26" r="5" fill="var(--surface)" stroke="var(--accent)" stroke-width="2"/>` : nothing}
    ${today > 14 ? svg`<text x="0" y="12">made ${day(new Date(start), now)}</text>` : nothing}<text class="strong" x=${at(today)} y="10" text-anchor=${anchor(today)}>today</text>
    <text x=${at(x(end))} y=${near ? 48 : 12} text-anchor=${anchor(x(end))}>ends ${day(new Date(end), now)}</text>${next > end ? svg`<text class="then" x=${at(x(next))} y=${far ? 12 : 48} text-anchor=${anchor(x(next))}>${day(new Date(next), now)}</text>` : nothing}
    <text x="100%" y="48" text-anchor="end" class="hide-s">${near ? "" : latest}</text></svg></figure>`;
}
