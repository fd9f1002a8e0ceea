import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { here } from './layout.mjs';
import { query } from './postgres.mjs';

const WAITS_FOREVER = 'console.log(process.env.BACKFILL_TEST_POSTGRES_URL); setInterval(() => {}, 1000)';

test('ends with the status of its command, PostgreSQL gone', async () => {
  const run = start('console.log(process.env.BACKFILL_TEST_POSTGRES_URL); process.exitCode = 7');
  const url = await firstLine(run);
  assert.deepEqual(await once(run, 'exit'), [7, null]);
  await assertGone(url);
});

test('SIGTERM ends command and PostgreSQL', async () => {
  const run = start(WAITS_FOREVER);
  const url = await firstLine(run);
  run.kill('SIGTERM');
  assert.deepEqual(await once(run, 'exit'), [128 + 15, null]);
  await assertGone(url);
});

test('PostgreSQL and its data go even if nobody could clean up', async () => {
  const run = start(WAITS_FOREVER + '; process.stdin.resume().on("end", () => process.exit())');
  const url = await firstLine(run);
  const [{ data_directory }] = await query(url, 'SHOW data_directory');
  assert(existsSync(data_directory));
  run.kill('SIGKILL');
  run.stdin.end(); // the command has lost its parent: its input tells it to end
  await assertGone(url);
  for (const deadline = Date.now() + 5_000; existsSync(data_directory); await sleep(20)) {
    assert(Date.now() < deadline, `${data_directory} is still there`);
  }
});

function start(script) {
  return spawn(process.execPath, [join(here, 'with-postgres.mjs'), process.execPath, '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function firstLine({ stdout }) {
  const [chunk] = await once(stdout, 'data');
  return String(chunk).trim();
}

/** Within moments nothing listens any more where PostgreSQL did. */
async function assertGone(url) {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await sleep(20)) {
    const refused = await query(url, 'SELECT 1').then(() => false, ({ code }) => code === 'ECONNREFUSED');
    if (refused) return;
  }
  assert.fail('PostgreSQL still answers');
}
