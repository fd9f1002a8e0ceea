// `node with-postgres.mjs COMMAND…` runs a command with a throwaway PostgreSQL, its URL in
// BACKFILL_TEST_POSTGRES_URL, and ends with the command's status.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure, interrupted, main } from './failure.mjs';
import { extensions, here, stamp } from './layout.mjs';

await main(async () => {
  const [command, ...args] = process.argv.slice(2);
  if (!command) throw new Failure('Usage: node with-postgres.mjs COMMAND [ARGUMENT…]');
  if (!existsSync(stamp)) throw new Failure('Its parts have not been fetched: run `make deps`.');
  const postgres = await start();
  try {
    process.exitCode = await run(command, args, {
      ...process.env,
      BACKFILL_TEST_POSTGRES_URL: postgres.url,
      BACKFILL_EXTENSION_DIR: extensions,
    });
  } finally {
    await postgres.stop();
  }
});

async function start() {
  // Detached, so that Ctrl-C reaches the command first and PostgreSQL stops after it.
  const keeper = spawn(process.execPath, [join(here, 'throwaway-postgres.mjs')], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(keeper, 'exit');
  const stop = () => (keeper.stdin.end(), exited);
  const url = await Promise.race([firstLine(keeper.stdout), exited.then(() => null)]);
  if (url === null) throw new Failure('The throwaway PostgreSQL did not start; its message is above.');
  return { url, stop };
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
}

async function run(command, args, env) {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  // Ctrl-C has reached the command as well; a SIGTERM has not.
  interrupted.addEventListener('abort', () => child.kill(interrupted.reason.name));
  try {
    const [code, signal] = await once(child, 'exit');
    return code ?? 128 + constants.signals[signal];
  } catch (error) {
    throw new Failure(`Cannot run ${command}: ${error.message}`);
  }
}
