// The folder that holds one local stack: `.local`, or BACKFILL_HOME, so that several can run side by side.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repository } from './layout.mjs';

const folder = resolve(repository, process.env.BACKFILL_HOME || '.local');

export const home = {
  folder,
  postgres: join(folder, 'postgres'),
  demo: join(folder, 'demo'),
  environment: join(folder, 'stack.env'),
  pid: (name) => join(folder, 'run', `${name}.pid`),
  log: (name) => join(folder, 'log', `${name}.log`),
};

export function makeHome() {
  mkdirSync(folder, { recursive: true });
  for (const part of ['run', 'log', 'secret']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, '.gitignore'), '*\n');
}

/** A random secret in base64 that stays the same from one start to the next. */
export function keptSecret(name) {
  const file = join(folder, 'secret', name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** What the last `up` chose, as it stands in stack.env; empty before the first. */
export function readEnvironment() {
  if (!existsSync(home.environment)) return {};
  const lines = readFileSync(home.environment, 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)));
}

export function writeEnvironment(values) {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(home.environment, lines.join(''), { mode: 0o600 });
}
