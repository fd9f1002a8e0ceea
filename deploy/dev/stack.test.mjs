import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { here } from './layout.mjs';

// The real binaries have tests of their own; these stand-ins fail on purpose.
const READY = `#!/usr/bin/env node
  const [host, port] = process.env.BACKFILL_BIND.split(':');
  require('node:http').createServer((_, response) => response.end()).listen(port, host);`;
const BROKEN = `#!/bin/sh
  echo 'the moon is out of reach'; exit 3`;

let scratch;
beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'backfill-test-'))));
afterEach(() => rmSync(scratch, { recursive: true }));

test('an up that fails says why and leaves nothing running', () => {
  install({ api: READY, compute: BROKEN });
  const { status, stderr } = stack('up');
  assert.equal(status, 1);
  assert.match(stderr, /backfill-compute has ended[^]*the moon is out of reach/);
  assert.deepEqual(readdirSync(join(scratch, 'home/run')), []);
  assert.equal(stack('down').stdout, 'Nothing was running.\n');
});

test('up names the port that is taken and the way out, and starts nothing', async () => {
  install({ api: READY, compute: READY });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const { status, stderr } = stack('up', { BACKFILL_PORT: String(port) });
  server.close();
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`Port ${port} .*BACKFILL_PORT=`));
  assert(!existsSync(join(scratch, 'home/postgres')));
});

function install(programs) {
  mkdirSync(join(scratch, 'target/release'), { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(scratch, 'target/release', `backfill-${name}`), script, { mode: 0o755 });
  }
}

function stack(command, env = {}) {
  return spawnSync(process.execPath, [join(here, 'stack.mjs'), command], {
    encoding: 'utf8',
    env: {
      ...process.env,
      BACKFILL_HOME: join(scratch, 'home'),
      BACKFILL_PORT: '0',
      CARGO_TARGET_DIR: join(scratch, 'target'),
      ...env,
    },
  });
}
