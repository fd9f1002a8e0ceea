// `make demo`: copies three million flights to three kinds of destination, through the real API and
// daemon, whole and filtered, and counts at each destination what arrived.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rowsAt, rowsExpected } from './count.mjs';
import { down } from './down.mjs';
import { Failure, main, pause } from './failure.mjs';
import { home } from './home.mjs';
import { tryPort } from './ports.mjs';
import { query } from './postgres.mjs';
import { progressOn } from './progress.mjs';
import { restClient } from './rest.mjs';
import { textTable } from './table.mjs';
import { assertRunning, up } from './up.mjs';

const TABLE = 'public.flights';
const BACKFILLS = [
  { title: 'all flights', filters: [] },
  {
    title: 'long flights, from April',
    filters: [
      { column: 'flight_date', operator: '>=', value: '2001-04-01' },
      { column: 'distance', operator: '>', value: 1000 },
    ],
  },
];
const TITLE_WIDTH = Math.max(...BACKFILLS.map(({ title }) => title.length));
const ENDED = ['COMPLETED', 'FAILED', 'CANCELLED'];
const PATIENCE = 120_000;

await main(async () => {
  // The stack goes away again at the end, so the demo can do with any port.
  if (!process.env.BACKFILL_PORT && !(await tryPort(8080))) process.env.BACKFILL_PORT = '0';
  try {
    const stack = await up();
    console.log(`The stack is up at ${stack.BACKFILL_URL}; it goes down when the demo has ended.`);
    report(await runBackfills(stack));
  } finally {
    await down();
    console.log('The stack is down.');
  }
});

async function runBackfills(stack) {
  const api = restClient(stack);
  await emptyDestinations(stack);
  const { pipeline, destinations } = await createPipeline(api, stack);
  const results = [];
  for (const { title, filters } of BACKFILLS) {
    const expected = await rowsExpected(stack, TABLE, filters);
    const job = await runJob(api, pipeline, title, filters);
    for (const destination of destinations) {
      const arrived = await rowsAt(destination, TABLE, filters, job);
      results.push(outcome({ title, expected, arrived, destination, job }));
    }
  }
  return results;
}

/** Each demo starts from nothing, so that every row found at the end is one that it has copied. */
async function emptyDestinations({ DEMO_DESTINATION_URL }) {
  await query(DEMO_DESTINATION_URL, `DROP TABLE IF EXISTS ${TABLE}`);
  rmSync(home.demo, { recursive: true, force: true });
  mkdirSync(home.demo, { recursive: true });
}

/** Under a name of its own each time: what earlier demos created stays to be looked at. */
async function createPipeline(api, stack) {
  const name = `demo ${new Date().toISOString().slice(0, 19).replace('T', ' ')}`;
  const source = await api.post('/sources', { name: `${name}: flights`, url: stack.DEMO_SOURCE_URL });
  const destinations = [];
  for (const { type, config } of destinationsOf(stack)) {
    const { id } = await api.post('/destinations', { name: `${name}: ${type}`, type, config });
    destinations.push({ id, type, config });
  }
  const destination_ids = destinations.map(({ id }) => id);
  return { pipeline: await api.post('/pipelines', { name, source_id: source.id, destination_ids }), destinations };
}

function destinationsOf({ DEMO_DESTINATION_URL }) {
  const url = new URL(DEMO_DESTINATION_URL);
  const { hostname: host, port, pathname, username, password } = url;
  return [
    {
      type: 'postgres',
      config: { host, port: Number(port), database: pathname.slice(1), username, password, schema: 'public' },
    },
    { type: 'duckdb', config: { path: join(home.demo, 'flights.duckdb'), schema: 'main' } },
    { type: 'parquet', config: { path: join(home.demo, 'parquet') } },
  ];
}

/** Starts one backfill and shows it until it has ended. */
async function runJob(api, pipeline, title, filters) {
  const request = { table_name: TABLE, filters, write_mode: 'upsert' };
  let job = await api.post(`/pipelines/${pipeline.id}/backfill`, request);
  const progress = progressOn(process.stdout, title.padEnd(TITLE_WIDTH));
  for (const watch = stallWatch(); !ENDED.includes(job.status); await pause(250)) {
    assertRunning('compute');
    job = await api.get(`/backfill/${job.id}`);
    progress.show(job);
    watch(job);
  }
  progress.end(job);
  if (job.status === 'COMPLETED') return job;
  throw new Failure(`Backfill ${job.id} (${title}) ${job.status}: ${job.error_message}`);
}

/** Gives up on a job in which nothing has moved for long. */
function stallWatch() {
  let seen;
  let since = Date.now();
  return ({ id, status, count_record }) => {
    const state = `${status} ${count_record}`;
    if (state !== seen) [seen, since] = [state, Date.now()];
    if (Date.now() - since < PATIENCE) return;
    const seconds = PATIENCE / 1000;
    throw new Failure(`Backfill ${id} has not moved for ${seconds} s (${state} rows): see ${home.log('compute')}.`);
  };
}

function outcome({ title, expected, arrived, destination, job }) {
  const { verified, error_message } = job.destinations.find(({ destination_id }) => destination_id === destination.id);
  const seconds = (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
  const ok = expected === arrived && verified === true;
  return { title, type: destination.type, expected, arrived, verified, seconds, ok, error_message };
}

function report(results) {
  const heading = ['backfill', 'destination', 'rows expected', 'rows arrived', 'verified', 'seconds'];
  const rows = results.map(({ title, type, expected, arrived, verified, seconds }) => [
    ...[title, type, expected, arrived],
    ...[verified ? 'yes' : 'no', Number(seconds.toFixed(1))],
  ]);
  console.log(`\n${textTable([heading, ...rows])}\n`);
  const wrong = results.filter(({ ok }) => !ok);
  if (wrong.length === 0) return console.log('Every row is there: counted at each destination, verified by Backfill.');
  const lines = wrong.map((result) => `  ${result.title} to ${result.type}: ${result.error_message ?? 'see the table'}`);
  throw new Failure(['Not every destination has what it should have:', ...lines].join('\n'));
}
