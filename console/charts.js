// Charts that are tables: each row has its numbers next to its drawing, so that it is read without being seen.
import { span, usd } from "./format.js";
import { html, nothing, svg } from "./vendor/lit-html.js";

/** @typedef {import("./types.js").Percentiles} Percentiles */
/** @typedef {import("./types.js").Spend} Spend */

const MARKS = [[1, "1 s"], [10, "10 s"], [60, "1 min"], [600, "10 min"], [3600, "1 h"], [36000, "10 h"]];
const TINTS = ["var(--t1)", "var(--t2)", "var(--t3)"];

/** Where a time stands between 1 s and 10 h, in percent; far ones at the edge. @param {number} seconds */
function at(seconds) {
  const share = Math.log10(Math.min(36_000, Math.max(1, seconds))) / Math.log10(36_000);
  return `${(100 * share).toFixed(1)}%`;
}

function grid() {
  return MARKS.map(([mark]) => svg`<line x1=${at(Number(mark))} x2=${at(Number(mark))} y1="0" y2="100%" stroke="var(--line)"/>`);
}

/** @param {Percentiles} one */
function times(one) {
  if (one.half === null || one.nine_of_ten === null || one.most === null) return nothing;
  const [half, nine, most] = [at(one.half), at(one.nine_of_ten), at(one.most)];
  return svg`<line x1=${nine} x2=${most} y1="21" y2="21" stroke="var(--t2)" stroke-width="1.5"/>
    <line x1=${half} x2=${nine} y1="21" y2="21" stroke="var(--t1)" stroke-width="5" stroke-linecap="round"/>
    <line x1=${most} x2=${most} y1="16" y2="26" stroke="var(--t1)" stroke-width="2"/>
    <circle cx=${nine} cy="21" r="4.5" fill="var(--surface)" stroke="var(--t1)" stroke-width="2"/>
    <circle cx=${half} cy="21" r="5.5" fill="var(--t1)"/>`;
}

/** @param {{ name: string, under: string, of: Percentiles, all: boolean }} row */
function timeRow({ name, under, of, all }) {
  const said = (/** @type {number | null} */ seconds) => (seconds === null ? "–" : span(seconds));
  return html`<tr class=${all ? "all" : nothing}><th scope="row">${name}${under ? html`<span class="under">${under}</span>` : nothing}</th>
    <td class="plot"><svg width="100%" height="42" aria-hidden="true">${grid()}${times(of)}</svg></td>
    <td class="num">${said(of.half)}</td><td class="num">${said(of.nine_of_ten)}</td><td class="num sub">${said(of.most)}</td></tr>`;
}

/** How long steps take, on a logarithmic scale. @param {{ name: string, under: string, of: Percentiles, all: boolean }[]} rows */
export function timeChart(rows) {
  return html`<table class="plots ttd"><thead><tr><th scope="col">Step</th><th scope="col"><span class="sr">Chart, logarithmic</span></th>
      <th scope="col" class="num">Half</th><th scope="col" class="num">9 of 10</th><th scope="col" class="num">99 of 100</th></tr></thead>
    <tbody>${rows.map(timeRow)}<tr class="axis" aria-hidden="true"><td></td><td class="plot"><svg class="chart" width="100%" height="20">${MARKS.map(
      ([mark, text]) => svg`<text x=${at(Number(mark))} y="14" text-anchor=${mark === 1 ? "start" : mark === 36_000 ? "end" : "middle"}>${text}</text>`,
    )}</svg></td><td></td><td></td><td></td></tr></tbody></table>`;
}

export function timeLegend() {
  return html`<div class="legend push" aria-hidden="true"><span><svg width="14" height="12"><circle cx="7" cy="6" r="5" fill="var(--t1)"/></svg>half within</span>
    <span><svg width="14" height="12"><circle cx="7" cy="6" r="4" fill="var(--surface)" stroke="var(--t1)" stroke-width="2"/></svg>9 of 10</span>
    <span><svg width="8" height="12"><path d="M4 1v10" stroke="var(--t1)" stroke-width="2"/></svg>99 of 100</span></div>`;
}

/** The strictest environment first, in the strongest tint. @param {Spend} spend */
export function strongest(spend) {
  return [...spend.environments].reverse();
}

/** @param {number} index */
const tint = (index) => TINTS[Math.min(index, TINTS.length - 1)] ?? "var(--t3)";

/** @param {Spend} spend */
export function spendLegend(spend) {
  return html`<div class="legend push">${strongest(spend).map(
    (name, index) => html`<span><svg width="10" height="10" aria-hidden="true"><rect x=".5" y=".5" width="9" height="9" rx="2" fill=${tint(index)} stroke="var(--t2)"/></svg>${name}</span>`,
  )}</div>`;
}

/** What teams spend, a bar for each. @param {Spend} spend */
export function spendChart(spend) {
  const names = strongest(spend);
  const most = Math.max(...spend.teams.map((team) => team.monthly_usd), 1);
  const of = (/** @type {Spend["teams"][number]} */ team, /** @type {string} */ name) => team.environments[name]?.monthly_usd ?? 0;
  const total = (/** @type {string} */ name) => spend.teams.reduce((sum, team) => sum + of(team, name), 0);
  const amount = (/** @type {number} */ value) => (value ? usd(value) : "–");
  return html`<table class="plots spend"><thead><tr><th scope="col">Team</th><th scope="col"><span class="sr">Chart</span></th>
      ${names.map((name) => html`<th scope="col" class="num">${name}</th>`)}<th scope="col" class="num">Together</th></tr></thead>
    <tbody>${spend.teams.map((team) => {
      let from = 0;
      const bars = names.map((name, index) => {
        const width = (97 * of(team, name)) / most;
        const bar = width ? svg`<rect x=${`${from.toFixed(2)}%`} y="5" width=${`${width.toFixed(2)}%`} height="14" rx="2" fill=${tint(index)} stroke=${index > 1 ? "var(--t2)" : "none"}/>` : nothing;
        from += width ? width + 0.3 : 0;
        return bar;
      });
      return html`<tr><th scope="row">${team.team} ${names.map((name) => nearLimit(team.environments[name], name))}</th>
        <td class="plot"><svg width="100%" height="24" aria-hidden="true">${bars}</svg></td>
        ${names.map((name) => html`<td class="num sub">${amount(of(team, name))}</td>`)}<td class="num"><b>${usd(team.monthly_usd)}</b></td></tr>`;
    })}</tbody><tfoot><tr><th scope="row">All</th><td></td>${names.map((name) => html`<td class="num">${amount(total(name))}</td>`)}<td class="num">${usd(spend.monthly_usd)}</td></tr></tfoot></table>`;
}

/** @param {{ monthly_usd: number, limit_usd: number | null } | undefined} held @param {string} name */
function nearLimit(held, name) {
  if (!held?.limit_usd || held.monthly_usd / held.limit_usd < 0.75) return nothing;
  return html`<span class="tag warn">${name} ${Math.round((100 * held.monthly_usd) / held.limit_usd)} % used</span>`;
}
