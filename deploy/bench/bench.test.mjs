import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { here as dev, repository } from '../dev/layout.mjs';

let scratch;
beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'backfill-bench-'))));
afterEach(() => rmSync(scratch, { recursive: true }));

test('a quick run measures Backfill and the limit, counts what arrived, and writes page and plot', () => {
  const { status, stdout, stderr } = bench({ BENCH_QUICK: '1' });
  assert.equal(status, 0, stderr || stdout);
  const page = readFileSync(join(scratch, 'docs/benchmarks.md'), 'utf8');
  for (const target of ['PostgreSQL', 'a DuckDB file', 'Parquet']) {
    assert.match(page, new RegExp(`\\*\\*To ${target}\\*\\*[^]*\\*\\*Backfill ◄\\*\\* \\| \\*\\*1\\*\\* \\| \\*\\*\\d`));
  }
  assert.match(page, /\| COPY \\\| COPY \| 1 \| \d/);
  assert.doesNotMatch(page, /\(WRONG|undefined|NaN|postgres:\/\//);
  assert.match(readFileSync(join(scratch, 'docs/benchmarks-growth.svg'), 'utf8'), /<polyline [^]*<\/svg>/);
});

test('a contender that nobody knows is refused before anything is started', () => {
  const { status, stderr } = bench({ BENCH_ONLY: 'backfill,rsync' });
  assert.equal(status, 1);
  assert.match(stderr, /BENCH_ONLY names 'rsync': choose from backfill, copy, /);
});

/** With the binaries that the tests are built with. */
function bench(env) {
  const target = resolve(repository, process.env.CARGO_TARGET_DIR || 'target');
  mkdirSync(join(scratch, 'target'));
  symlinkSync(join(target, 'debug'), join(scratch, 'target/release'));
  return spawnSync(process.execPath, [join(dev, '../bench/bench.mjs')], {
    encoding: 'utf8',
    env: {
      ...process.env,
      BENCH_HOME: scratch,
      BENCH_DOCS: join(scratch, 'docs'),
      CARGO_TARGET_DIR: join(scratch, 'target'),
      ...env,
    },
  });
}
