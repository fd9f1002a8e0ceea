// Where a contender copies to: made anew for each run, and looked at afterwards by what is not the contender.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countInDuckDB, countInPostgres } from '../dev/count.mjs';
import { literal, withDuckDB } from '../dev/duckdb.mjs';
import { query } from '../dev/postgres.mjs';
import { folder } from './home.mjs';

const out = join(folder, 'out');

/** An empty target of `kind`. With `ddl`, a PostgreSQL has the empty table already. */
export async function freshTarget(kind, admin, ddl) {
  await discardTarget(admin);
  mkdirSync(join(out, 'parquet'), { recursive: true });
  const target = targetOf(kind, admin);
  if (target.url) {
    await query(admin, 'CREATE DATABASE bench_target');
    if (ddl) await query(target.url, ddl);
  }
  await query(admin, 'CHECKPOINT'); // what earlier runs left to be written is not this one's burden
  return target;
}

export async function discardTarget(admin) {
  rmSync(out, { recursive: true, force: true });
  await query(admin, 'DROP DATABASE IF EXISTS bench_target WITH (FORCE)');
}

function targetOf(kind, admin) {
  const url = new URL(admin);
  url.pathname = '/bench_target';
  switch (kind) {
    case 'postgres':
      return { kind, url: url.href };
    case 'duckdb':
      return { kind, path: join(out, 'target.duckdb') };
    case 'parquet':
      return { kind, path: join(out, 'parquet') };
    case 'all':
      return { kind, url: url.href, path: out };
    case 'nowhere':
      return { kind };
  }
}

/** What is there: rows, how many keys are among them, and whether the table has a key; null where that means nothing. */
export async function arrived({ kind, url, path }, { name, key }, files = '**/*.parquet') {
  const keysOf = (relation) => `(SELECT DISTINCT ${key.join(', ')} FROM ${relation}) AS keys`;
  const look = async (count, relation, keyed) => ({
    rows: await count(relation),
    keys: await count(keysOf(relation)),
    keyed,
  });
  switch (kind) {
    case 'postgres':
      return look((from) => countInPostgres(url, from, []), `public.${name}`, await isKeyed(url, name));
    case 'duckdb':
      return look((from) => countInDuckDB(path, from, []), `main.${name}`, await isKeyedInDuckDB(path, name));
    case 'parquet':
      return look((from) => countInDuckDB(null, from, []), `read_parquet(${literal(join(path, files))})`, null);
    case 'all':
      return allOf(await Promise.all(partsOf(url, path).map((part) => arrived(part, { name, key }))));
    case 'nowhere':
      return { rows: null, keys: null, keyed: null };
  }
}

const partsOf = (url, path) => [
  { kind: 'postgres', url },
  { kind: 'duckdb', path: join(path, 'target.duckdb') },
  { kind: 'parquet', path: join(path, 'parquet') },
];

/** The same everywhere, or the first that differs. */
function allOf([first, ...others]) {
  const different = others.find(({ rows, keys }) => rows !== first.rows || keys !== first.keys);
  return { ...(different ?? first), keyed: null };
}

async function isKeyed(url, name) {
  const [{ keyed }] = await query(
    url,
    "SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = $1::regclass AND indisprimary) AS keyed",
    [`public.${name}`],
  );
  return keyed;
}

function isKeyedInDuckDB(path, name) {
  return withDuckDB(path, { access_mode: 'READ_ONLY' }, async (duckdb) => {
    const reader = await duckdb.runAndReadAll(
      `SELECT count(*)::int FROM duckdb_constraints()
       WHERE table_name = ${literal(name)} AND constraint_type = 'PRIMARY KEY'`,
    );
    return reader.getRows()[0][0] > 0;
  });
}
