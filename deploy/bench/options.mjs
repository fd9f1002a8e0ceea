// What a run is told, by environment variables.

import { join, resolve } from 'node:path';
import { Failure } from '../dev/failure.mjs';
import { repository } from '../dev/layout.mjs';
import { folder } from './home.mjs';

const SHOWN = ['BENCH_QUICK', 'BENCH_ONLY', 'BENCH_SCALE', 'BENCH_ROUNDS', 'BENCH_PATIENCE', 'BENCH_MAX_GROWTH'];

const list = (text) => (text ? text.split(',').map((part) => part.trim()) : null);

/** A number from the environment, or its default. */
function number(name, otherwise) {
  const text = process.env[name] || String(otherwise);
  const value = Number(text);
  if (value > 0) return value;
  throw new Failure(`${name} is '${text}': give a number above zero.`);
}

export function readOptions(names) {
  const quick = process.env.BENCH_QUICK === '1';
  const only = list(process.env.BENCH_ONLY) ?? (quick ? ['copy', 'backfill'] : null);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown) throw new Failure(`BENCH_ONLY names '${unknown}': choose from ${names.join(', ')}.`);
  return {
    quick,
    /** As one would type it to have the same again. */
    command: [...SHOWN.filter((name) => process.env[name]).map((name) => `${name}=${process.env[name]}`), 'make bench'],
    wants: (name) => only === null || only.includes(name),
    /** Counted runs of each contender. */
    rounds: Math.ceil(number('BENCH_ROUNDS', quick ? 1 : 3)),
    /** TPC-H's scale factor: 1 is six million rows of lineitem. */
    scale: number('BENCH_SCALE', 0.2),
    /** The largest table of the growth curve, in millions of rows. */
    maxGrowth: number('BENCH_MAX_GROWTH', quick ? 0.02 : 8),
    /** Seconds: a contender is not started again when its counted runs have taken longer together. */
    patience: number('BENCH_PATIENCE', 30),
    /** Where the document and its plot go; a run of a part leaves the published ones alone. */
    documents: resolve(repository, process.env.BENCH_DOCS || (only ? join(folder, 'docs') : 'docs')),
  };
}
