// One table, cut into ranges of its key, copied to PostgreSQL by 1, 2, 4 and 8 daemons that take one job at a time:
// as fast as this machine goes, and at a rate that each job is held to, as by a source that is far away.
// `BENCH_SCALE=0.1 node deploy/bench/scaling.mjs` for fewer rows. Runs in a stack of its own, and removes it.

import { folder } from './home.mjs'; // first: it says where the stack is
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { down } from '../dev/down.mjs';
import { Failure, main } from '../dev/failure.mjs';
import { binaries } from '../dev/layout.mjs';
import { query } from '../dev/postgres.mjs';
import { launch, stop } from '../dev/processes.mjs';
import { restClient } from '../dev/rest.mjs';
import { textTable } from '../dev/table.mjs';
import { up } from '../dev/up.mjs';

const ROWS = Math.round(3e6 * Number(process.env.BENCH_SCALE || 1));
const DAEMONS = [1, 2, 4, 8];
const ROUNDS = 3;
const RANGES = 16;
/** Rows per second. By itself, a job at this rate leaves the machine almost idle. */
const FAR_AWAY = Math.round(ROWS / 24);

const SOURCE = `
  CREATE TABLE orders AS
    SELECT id, id % 1000 AS customer, md5(id::text) AS token, now() - id * interval '1 s' AS ordered
    FROM generate_series(1::bigint, ${ROWS}) AS id;
  ALTER TABLE orders ADD PRIMARY KEY (id);
  ANALYZE orders`;

await main(async () => {
  try {
    const stack = await up((source) => query(source, SOURCE));
    await stop('compute');
    const pipeline = await createPipeline(restClient(stack), stack);
    const rows = [];
    for (const [title, options] of [['as fast as it goes', {}], ['each job held to a rate', { rows_per_second: FAR_AWAY }]]) {
      rows.push(...(await curve(stack, pipeline, title, options)));
    }
    console.log(textTable([['', 'daemons', 'seconds', 'rows/s', 'of one'], ...rows]));
  } finally {
    await down();
    rmSync(join(folder, 'stack'), { recursive: true, force: true });
  }
});

/** Medians of interleaved rounds, so that other work on the machine touches all of them. */
async function curve(stack, pipeline, title, options) {
  const times = new Map(DAEMONS.map((count) => [count, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const count of DAEMONS) times.get(count).push(await run(stack, pipeline, count, options));
  }
  const median = (count) => times.get(count).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  return DAEMONS.map((count) => [
    title,
    count,
    Number(median(count).toFixed(1)),
    Math.round(ROWS / median(count)),
    `${(median(1) / median(count)).toFixed(2)} ×`,
  ]);
}

/** Seconds from the request to the end of the last range. */
async function run(stack, pipeline, daemons, options) {
  const api = restClient(stack);
  await query(stack.DEMO_DESTINATION_URL, 'DROP TABLE IF EXISTS orders');
  const names = Array.from({ length: daemons }, (_, index) => `compute-${index}`);
  const env = { ...process.env, DATABASE_URL: stack.DATABASE_URL, BACKFILL_MAX_JOBS: '1' };
  for (const name of names) launch(name, join(binaries, 'backfill-compute'), env);
  try {
    await until(async () => (await api.get('/workers')).items.filter(({ alive }) => alive).length === daemons);
    const start = performance.now();
    const request = { table_name: 'public.orders', ranges: { count: RANGES }, max_running: RANGES, ...options };
    const { id } = await api.post(`/pipelines/${pipeline}/campaigns`, { name: `${daemons} daemons`, ...request });
    const campaign = await until(async () => {
      const seen = await api.get(`/campaigns/${id}`);
      return seen.finished_at && seen;
    });
    const seconds = (performance.now() - start) / 1000;
    if (!campaign.verified) throw new Failure(`The campaign is not verified: ${JSON.stringify(campaign)}`);
    return seconds;
  } finally {
    await Promise.all(names.map((name) => stop(name)));
  }
}

async function until(happened) {
  for (;;) {
    const found = await happened();
    if (found) return found;
    await sleep(20);
  }
}

async function createPipeline(api, { DEMO_SOURCE_URL, DEMO_DESTINATION_URL }) {
  const { id: source_id } = await api.post('/sources', { name: 'scaling', url: DEMO_SOURCE_URL });
  const { hostname: host, port, pathname, username, password } = new URL(DEMO_DESTINATION_URL);
  const config = { host, port: Number(port), database: pathname.slice(1), username, password, schema: 'public' };
  const { id } = await api.post('/destinations', { name: 'scaling', type: 'postgres', config });
  return (await api.post('/pipelines', { name: 'scaling', source_id, destination_ids: [id] })).id;
}
