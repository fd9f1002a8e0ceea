// Starts the local stack: PostgreSQL, the API, the compute daemon, and the demo data.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NAMES, down, stopAll } from './down.mjs';
import { Failure, pause } from './failure.mjs';
import { loadFlights } from './flights.mjs';
import { home, keptSecret, makeHome, readEnvironment, writeEnvironment } from './home.mjs';
import { binaries, dashboard, extensions } from './layout.mjs';
import { lastLines } from './logs.mjs';
import { tryPort } from './ports.mjs';
import { query, startPostgres } from './postgres.mjs';
import { launch, marked, remember, running } from './processes.mjs';
import { placeFor } from './unprivileged.mjs';

const DATABASES = ['backfill', 'demo_source', 'demo_destination'];

/** Brings the whole stack up with the data of `load`, or leaves nothing running. Returns what stands in stack.env. */
export async function up(load = loadFlights) {
  if (NAMES.every(running)) {
    console.log('The stack is already up.');
    return readEnvironment();
  }
  await stopAll(); // what a crash may have left of it
  makeHome();
  try {
    return await startAll(load);
  } catch (error) {
    await down();
    throw error;
  }
}

async function startAll(load) {
  const bind = `127.0.0.1:${await apiPort()}`;
  const server = await startDatabases();
  const stack = {
    BACKFILL_URL: `http://${bind}`,
    BACKFILL_TOKEN: keptSecret('token'),
    DATABASE_URL: server.url('backfill'),
    DEMO_SOURCE_URL: server.url('demo_source'),
    DEMO_DESTINATION_URL: server.url('demo_destination'),
  };
  writeEnvironment(stack);
  const env = serviceEnvironment(stack, bind);
  // The API first: it makes the schema that both work on.
  await start('api', env, () => isReady(stack.BACKFILL_URL));
  // The daemon listens nowhere; one that cannot work ends at once.
  await start('compute', env, () => pause(300).then(() => true));
  await load(stack.DEMO_SOURCE_URL);
  for (const name of ['api', 'compute']) assertRunning(name);
  return stack;
}

async function apiPort() {
  const wanted = process.env.BACKFILL_PORT || '8080';
  if (!/^\d+$/.test(wanted) || wanted > 65535) {
    throw new Failure(`BACKFILL_PORT is '${wanted}': give a port from 1 to 65535, or 0 for any free one.`);
  }
  const port = await tryPort(Number(wanted));
  if (port) return port;
  throw new Failure(
    `Port ${wanted} is taken. Stop what listens there, or choose another port, as in ` +
      '`BACKFILL_PORT=8081 make up` (0: any free one).',
  );
}

async function startDatabases() {
  const server = await startPostgres(placeFor(home.postgres), {
    port: lastPostgresPort(),
    settings: { shared_buffers: '256MB', max_wal_size: '4GB', max_connections: 200 },
    log: home.log('postgres'),
    env: marked(process.env),
  });
  remember('postgres', server.child);
  const there = await query(server.url('postgres'), 'SELECT datname FROM pg_database');
  for (const name of DATABASES) {
    if (!there.some(({ datname }) => datname === name)) await query(server.url('postgres'), `CREATE DATABASE ${name}`);
  }
  return server;
}

/** The same as last time if it is free, since the connections that people saved name it. */
function lastPostgresPort() {
  const { DATABASE_URL } = readEnvironment();
  return DATABASE_URL && Number(new URL(DATABASE_URL).port);
}

function serviceEnvironment(stack, bind) {
  return {
    RUST_LOG: 'info',
    ...process.env,
    DATABASE_URL: stack.DATABASE_URL,
    BACKFILL_BIND: bind,
    BACKFILL_SECRET_KEY: keptSecret('encryption-key'),
    BACKFILL_EXTENSION_DIR: extensions,
    // Unless the dashboard has not been built: the API has a page of its own then.
    ...(existsSync(join(dashboard, 'index.html')) && { BACKFILL_FRONTEND_DIR: dashboard }),
  };
}

async function start(name, env, ready) {
  const program = join(binaries, `backfill-${name}`);
  if (!existsSync(program)) throw new Failure(`${program} is missing: run \`make build\`.`);
  launch(name, program, env);
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(50)) {
    assertRunning(name);
    if (await ready()) return;
  }
  throw new Failure(`backfill-${name} was not ready within 30 seconds.\n${lastLines(home.log(name))}`);
}

export function assertRunning(name) {
  if (running(name)) return;
  throw new Failure(`backfill-${name} has ended.\n${lastLines(home.log(name))}`);
}

async function isReady(url) {
  const response = await fetch(`${url}/health/ready`).catch(() => null);
  await response?.body?.cancel();
  return response?.ok ?? false;
}
