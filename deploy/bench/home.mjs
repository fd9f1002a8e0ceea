// A stack of the benchmark's own, whatever other stack is up. To be imported before anything of `../dev` that
// asks where the stack is.

import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Everything made for a run lies here. */
export const folder = resolve(repository, process.env.BENCH_HOME || '.bench');

/** Fetched once, for all runs. */
export const peers = resolve(repository, '.bench', 'peers');

process.env.BACKFILL_HOME = join(folder, 'stack');
process.env.BACKFILL_PORT = '0';
