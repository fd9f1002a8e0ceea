import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

process.env.BACKFILL_HOME = mkdtempSync(join(tmpdir(), 'backfill-test-'));
const { home, makeHome } = await import('./home.mjs');
const { marked, remember, running, stop } = await import('./processes.mjs');
makeHome();

const children = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home.folder, { recursive: true });
});

test('finds and stops a process of this stack', async () => {
  const child = await sleeper(marked(process.env));
  remember('api', child);
  assert.equal(running('api'), child.pid);
  await Promise.all([stop('api'), ended(child)]);
  assert.equal(child.signalCode, 'SIGTERM');
  assert(!existsSync(home.pid('api')));
});

test('kills what does not end by itself', async () => {
  const child = await sleeper(marked(process.env), 'process.on("SIGTERM", () => {});');
  remember('api', child);
  await Promise.all([stop('api', { grace: 100 }), ended(child)]);
  assert.equal(child.signalCode, 'SIGKILL');
});

test("leaves another stack's process alone when the pid file is stale", async () => {
  const child = await sleeper({ ...process.env, BACKFILL_HOME: `${home.folder}-other` });
  remember('api', child);
  assert.equal(running('api'), null);
  await stop('api');
  assert.equal(child.exitCode ?? child.signalCode, null);
});

test('takes a pid file without a sensible pid for stale', async () => {
  for (const content of ['', 'nonsense', '-1', '0', '999999999']) {
    writeFileSync(home.pid('api'), content);
    assert.equal(running('api'), null);
  }
  await stop('api');
  assert(!existsSync(home.pid('api')));
});

async function sleeper(env, prepare = '') {
  const script = `${prepare} console.log('ready'); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

function ended(child) {
  child.ref(); // `remember` has let go of it
  return once(child, 'exit');
}
