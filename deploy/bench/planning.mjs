// How long a plan takes for a table of 100 million rows: the preview, and a daemon from a job's creation to its plan.
// `BENCH_ROWS=1e6 node deploy/bench/planning.mjs` for fewer. Makes its table (about 4 GiB) in a stack of its own, and
// removes it.

import { folder } from './home.mjs'; // first: it says where the stack is
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { down } from '../dev/down.mjs';
import { main } from '../dev/failure.mjs';
import { query } from '../dev/postgres.mjs';
import { restClient } from '../dev/rest.mjs';
import { up } from '../dev/up.mjs';

const ROWS = Number(process.env.BENCH_ROWS || 1e8);
const TIMES = 5;
const BETWEEN_LOOKS = 5;

/** Unlogged and not vacuumed: planning reads the catalogue, whatever state the pages are in. */
const TABLE = `
  CREATE UNLOGGED TABLE planned AS
    SELECT id, (id * 7919) % 100003 AS customer FROM generate_series(1::bigint, ${ROWS}) AS id;
  ALTER TABLE planned ADD PRIMARY KEY (id)`;

await main(async () => {
  try {
    const stack = await up(async (source) => {
      await query(source, TABLE);
    });
    await plan(stack, 'without statistics');
    await query(stack.DEMO_SOURCE_URL, 'ANALYZE planned');
    await plan(stack, 'with statistics');
  } finally {
    await down();
    rmSync(join(folder, 'stack'), { recursive: true, force: true });
  }
});

async function plan(stack, title) {
  const api = restClient(stack);
  const { id: source_id } = await api.post('/sources', { name: title, url: stack.DEMO_SOURCE_URL });
  const lake = { name: title, type: 'parquet', config: { path: join(folder, 'stack', 'lake') } };
  const { id: destination } = await api.post('/destinations', lake);
  const pipeline = await api.post('/pipelines', { name: title, source_id, destination_ids: [destination] });
  const path = `/pipelines/${pipeline.id}/backfill`;
  const request = { table_name: 'public.planned' };
  const previews = await timesOf(() => api.post(`${path}/preview`, request));
  const jobs = await timesOf(() => planOfJob(api, path, request));
  console.log(`${ROWS} rows, ${title}, milliseconds: preview ${previews}; a job's plan ${jobs}`);
}

async function timesOf(work) {
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    const start = performance.now();
    const done = await work();
    times.push(Math.round(performance.now() - start));
    await done?.end?.();
  }
  return times.join(', ');
}

/** Until the job shows its plan; that it is claimed is part of it. */
async function planOfJob(api, path, request) {
  let job = await api.post(path, request);
  while (!job.plan) {
    await sleep(BETWEEN_LOOKS);
    job = await api.get(`/backfill/${job.id}`);
  }
  return { end: () => api.post(`/backfill/${job.id}/cancel`) };
}
