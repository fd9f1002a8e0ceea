// Contenders side by side: every one in every round, each round beginning with another one.

import { Failure, interrupted } from '../dev/failure.mjs';
import { measureCommand } from './measure.mjs';
import { arrived, freshTarget } from './targets.mjs';

/** What somebody cannot do here, ourselves included. */
export class Unavailable extends Failure {}

/** One contender on one kind of target, with what its runs gave. */
export function entriesOf(contenders, kinds) {
  return kinds.flatMap((kind) =>
    contenders
      .filter(({ ways }) => ways[kind])
      .map((contender) => ({ contender, kind, way: contender.ways[kind], reason: contender.reason, runs: [] })),
  );
}

/** Runs all entries on `table`: a warm-up on the small table, then the rounds. */
export async function runRounds(entries, { table, warmUp, place, rounds, patience }) {
  for (const entry of entries) await runEntry(entry, warmUp, place, 'warm-up');
  for (let round = 0; round < rounds; round++) {
    for (const entry of rotated(entries, round)) {
      if (entry.reason || spent(entry) > patience) continue;
      const run = await runEntry(entry, table, place, `round ${round + 1}`);
      if (run) entry.runs.push(run);
    }
  }
  return entries;
}

/** Pages that overlap can make up in number what they miss. */
export const wrongRows = ({ rows, keys }) => `${count(rows)} rows, ${count(keys)} different ones`;

const count = (number) => number.toLocaleString('en');

/** By a third of the list each time, so that neighbours change as well as places. */
function rotated(entries, round) {
  const by = (round * Math.ceil(entries.length / 3)) % entries.length;
  return [...entries.slice(by), ...entries.slice(0, by)];
}

const spent = ({ runs }) => runs.reduce((sum, { seconds }) => sum + seconds, 0);

/** A run of ours that fails ends the benchmark; a peer's is its result. */
export async function runEntry(entry, table, place, label) {
  if (entry.reason) return null;
  const title = `${label.padEnd(8)}  ${table.name} to ${entry.kind}: ${entry.contender.title}`;
  try {
    const run = await runOnce(entry, table, place);
    const wrong = run.correct ? '' : `  (${wrongRows(run)} instead of ${count(table.rows)})`;
    console.log(`${title}  ${run.seconds.toFixed(2)} s${wrong}`);
    if (entry.contender.isOurs && !run.correct) throw new Failure(`Backfill has lost rows to ${entry.kind}.`);
    return run;
  } catch (error) {
    const isResult = error instanceof Unavailable || (error instanceof Failure && !entry.contender.isOurs);
    if (!isResult || interrupted.aborted) throw error;
    entry.reason = error.message;
    console.log(`${title}  not available: ${error.message}`);
    return null;
  }
}

async function runOnce({ kind, way }, table, { source, admin }) {
  const target = await freshTarget(kind, admin, way.prepare?.(table));
  const task = { table, source, target };
  const cost = way.run ? await way.run(task) : await measureCommand(way.command(task), way.env);
  const found = await arrived(target, table, way.files?.replace('TABLE', table.name)).catch((error) => {
    throw new Failure(`what arrived cannot be counted: ${error.message}`);
  });
  const correct = found.rows === null || (found.rows === table.rows && found.keys === table.rows);
  return { ...cost, ...found, correct };
}

/** The middle one, and the smallest and largest. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}
