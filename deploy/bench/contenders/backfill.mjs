// Backfill itself, as its users reach it: a job by POST, asked for until it has ended.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, interrupted } from '../../dev/failure.mjs';
import { running } from '../../dev/processes.mjs';
import { restClient } from '../../dev/rest.mjs';
import { measureProcess } from '../measure.mjs';
import { Unavailable } from '../rounds.mjs';

const ENDED = ['COMPLETED', 'FAILED', 'CANCELLED'];
const BETWEEN_LOOKS = 50;
/** How an API of another age refuses an option. */
const UNKNOWN_OPTION = /unknown field/;
const UNVERIFIED = { verification: 'off' };

/** With verification as it is by default, and without. */
export function backfill(stack) {
  const api = restClient(stack);
  const title = 'Backfill';
  return [
    { id: 'backfill', title, isOurs: true, isReference: true, ways: waysOf(api, {}) },
    { id: 'backfill-unverified', title: `${title}, verification off`, isOurs: true, ways: waysOf(api, UNVERIFIED) },
  ];
}

/** The fan-out: three destinations of one job, which reads the source once. */
export function fanOut(stack) {
  const way = wayOf(restClient(stack), {}, () => ['postgres', 'duckdb', 'parquet']);
  return { id: 'backfill-fan-out', title: 'Backfill, three at once', isOurs: true, ways: { all: way } };
}

function waysOf(api, options) {
  const way = wayOf(api, options, ({ kind }) => [kind]);
  return { postgres: way, duckdb: way, parquet: way };
}

function wayOf(api, options, kinds) {
  const request = (name) => ({ table_name: `public.${name}`, filters: [], write_mode: 'upsert', ...options });
  return {
    settings: `POST /api/v1/pipelines/ID/backfill ${JSON.stringify(request('TABLE'))}`,
    run: async ({ table, source, target }) => {
      const pipeline = await createPipeline(api, source, kinds(target).map((kind) => destinationOf(kind, target)));
      return measureProcess(running('compute'), () => runJob(api, pipeline, request(table.name), options));
    },
  };
}

let made = 0;

async function createPipeline(api, source, destinations) {
  const name = `bench ${process.pid} ${Date.now()} ${++made}`;
  const { id: source_id } = await api.post('/sources', { name, url: source });
  const destination_ids = [];
  for (const destination of destinations) {
    const { id } = await api.post('/destinations', { name: `${name} ${destination.type}`, ...destination });
    destination_ids.push(id);
  }
  return api.post('/pipelines', { name, source_id, destination_ids });
}

function destinationOf(kind, { url, path }) {
  const inside = (name) => (path.endsWith(name) ? path : join(path, name));
  switch (kind) {
    case 'postgres': {
      const { hostname: host, port, pathname, username, password } = new URL(url);
      const database = pathname.slice(1);
      return { type: kind, config: { host, port: Number(port), database, username, password, schema: 'public' } };
    }
    case 'duckdb':
      return { type: kind, config: { path: inside('target.duckdb'), schema: 'main' } };
    case 'parquet':
      return { type: kind, config: { path: inside('parquet') } };
  }
}

/** From the request to the answer that says COMPLETED. */
async function runJob(api, pipeline, request, { verification }) {
  const start = performance.now();
  let job = await api.post(`/pipelines/${pipeline.id}/backfill`, request).catch((error) => {
    throw UNKNOWN_OPTION.test(error.message) ? new Unavailable(error.message.split('\n')[0]) : error;
  });
  while (!ENDED.includes(job.status)) {
    interrupted.throwIfAborted();
    await sleep(BETWEEN_LOOKS);
    job = await api.get(`/backfill/${job.id}`);
  }
  const seconds = (performance.now() - start) / 1000;
  if (job.status !== 'COMPLETED') throw new Failure(`Backfill ${job.id} ${job.status}: ${job.error_message}`);
  const verified = job.destinations.every((destination) => destination.verified === true);
  if (!verified && !verification) throw new Failure(`Backfill ${job.id} was COMPLETED without being verified.`);
  return { seconds };
}
