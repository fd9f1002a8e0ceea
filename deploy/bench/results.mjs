// What the runs mean: medians, and each contender beside the limit and beside Backfill.

import { spread } from './rounds.mjs';

export const KINDS = { postgres: 'PostgreSQL', duckdb: 'a DuckDB file', parquet: 'Parquet' };

/** A section's entries for one kind of target, the limit of that kind first, then the fastest first. */
export function groupOf({ table, entries }, kind) {
  const measured = entries.map((entry) => summaryOf(entry, table));
  const ours = measured.find((one) => one.kind === kind && one.contender.isReference);
  const limit = measured.find((one) => one.contender.isLimit && one.kind === (kind === 'postgres' ? kind : 'nowhere'));
  const rest = measured.filter((one) => one.kind === kind && one !== limit);
  const sorted = rest.sort((a, b) => (a.seconds?.median ?? Infinity) - (b.seconds?.median ?? Infinity));
  return [...(limit ? [limit] : []), ...sorted].map((one) => ({
    ...one,
    toLimit: ratio(one, limit),
    toOurs: ratio(one, ours),
  }));
}

function summaryOf({ contender, kind, runs, reason }, table) {
  if (!runs.length) return { contender, kind, title: titleOf(contender, kind), reason, runs: 0 };
  const seconds = spread(runs.map((run) => run.seconds));
  const most = (pick) => (runs.every((run) => pick(run) !== null) ? Math.max(...runs.map(pick)) : null);
  const cpu = runs.every((run) => run.cpu !== null) ? spread(runs.map((run) => run.cpu)).median : null;
  return {
    ...{ contender, kind, title: titleOf(contender, kind), reason, runs: runs.length, seconds, cpu },
    rowsPerSecond: table.rows / seconds.median,
    rss: most((run) => run.rss),
    wrong: runs.find((run) => !run.correct),
    keyed: runs[0].keyed,
  };
}

const titleOf = ({ title }, kind) => (kind === 'nowhere' ? 'COPY > /dev/null' : title);

const ratio = (one, other) => (one.seconds && other?.seconds ? one.seconds.median / other.seconds.median : null);

/** In words: who was faster than Backfill, and who needed less of the client's CPU or memory. */
export function losses(group, where) {
  const ours = group.find(({ contender }) => contender.isReference);
  if (!ours?.seconds) return [];
  const peers = group.filter((one) => one.seconds && !one.wrong && one.kind === ours.kind && !one.contender.isOurs);
  const lines = peers
    .filter(({ toOurs }) => toOurs < 1)
    .map(
      ({ title, seconds, toOurs }) =>
        `To ${where}, **${title}** took ${seconds.median.toFixed(1)} s where Backfill took ` +
        `${ours.seconds.median.toFixed(1)} s: ${(1 / toOurs).toFixed(1)} times as fast.`,
    );
  const lighter = (figure) => peers.filter((one) => one[figure] !== null && one[figure] < ours[figure]);
  const names = (list) => list.map(({ title }) => title).join(', ');
  const [cpu, rss] = [lighter('cpu'), lighter('rss')];
  if (cpu.length) lines.push(`To ${where}, less of the client's CPU than Backfill: ${names(cpu)}.`);
  if (rss.length) lines.push(`To ${where}, less of the client's memory than Backfill: ${names(rss)}.`);
  return lines;
}

/** Backfill to three targets at once beside one after the other; null if a part was not run. */
export function fanOutOf({ entries }) {
  const median = (kind, id) => {
    const entry = entries.find((one) => one.kind === kind && one.contender.id === id);
    return entry?.runs.length ? spread(entry.runs.map((run) => run.seconds)).median : null;
  };
  const alone = Object.keys(KINDS).map((kind) => ({ kind, seconds: median(kind, 'backfill') }));
  const together = median('all', 'backfill-fan-out');
  if (together === null || alone.some(({ seconds }) => seconds === null)) return null;
  return { alone, together, sum: alone.reduce((total, { seconds }) => total + seconds, 0) };
}
