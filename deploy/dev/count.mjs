// Counts rows independently of Backfill: at the source by PostgreSQL, at each destination by whatever
// reads that kind of destination.

import { join } from 'node:path';
import { literal, withDuckDB } from './duckdb.mjs';
import { query } from './postgres.mjs';

export function rowsExpected({ DEMO_SOURCE_URL }, table, filters) {
  return countInPostgres(DEMO_SOURCE_URL, table, filters);
}

export function rowsAt({ type, config }, table, filters, job) {
  const [, name] = table.split('.');
  switch (type) {
    case 'postgres':
      return countInPostgres(urlOf(config), `${config.schema}.${name}`, filters);
    case 'duckdb':
      return countInDuckDB(config.path, `${config.schema}.${name}`, filters);
    case 'parquet':
      // A job has a folder of its own: all that lies in it must be the job's.
      return countInParquet(join(config.path, table, `job-${job.id}`, '*.parquet'));
  }
}

export async function countInPostgres(url, table, filters) {
  const [{ count }] = await query(url, `SELECT count(*)::int FROM ${table} ${where(filters)}`);
  return count;
}

function countInParquet(files) {
  return countInDuckDB(null, `read_parquet(${literal(files)})`, []);
}

export function countInDuckDB(path, table, filters) {
  const options = path ? { access_mode: 'READ_ONLY' } : {};
  return withDuckDB(path ?? ':memory:', options, async (duckdb) => {
    const reader = await duckdb.runAndReadAll(`SELECT count(*)::int FROM ${table} ${where(filters)}`);
    return reader.getRows()[0][0];
  });
}

function where(filters) {
  const terms = filters.map(({ column, operator, value }) => `${column} ${operator} ${literal(String(value))}`);
  return terms.length ? `WHERE ${terms.join(' AND ')}` : '';
}

function urlOf({ host, port, database, username, password }) {
  return `postgres://${username}:${password}@${host}:${port}/${database}`;
}
