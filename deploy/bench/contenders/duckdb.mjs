// DuckDB's own way: one statement over the whole table through its postgres extension; and the loop of pages that
// Backfill's forerunner made of it.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { here as dev } from '../../dev/layout.mjs';
import { programs } from '../measure.mjs';

const node = (file, ...args) => [process.execPath, join(programs, file), ...args];

export function duckdb() {
  const require = createRequire(join(dev, 'package.json'));
  const version = `@duckdb/node-api ${require('@duckdb/node-api/package.json').version}`;
  const copyTo = (kind) => ({ table, source, target }) =>
    node('duckdb-copy.mjs', kind, source, table.name, target.url ?? target.path);
  const keyed = ({ table, source, target }) =>
    node('duckdb-copy.mjs', 'duckdb', source, table.name, target.path, table.ddl('target.main'));
  return [
    {
      id: 'duckdb',
      title: 'DuckDB',
      version,
      ways: {
        postgres: { prepare: ({ ddl }) => ddl('public'), command: copyTo('postgres') },
        duckdb: { command: copyTo('duckdb') },
        parquet: { command: copyTo('parquet') },
      },
    },
    { id: 'duckdb-keyed', title: 'DuckDB, into a table with the key', version, ways: { duckdb: { command: keyed } } },
  ];
}

export function pages() {
  const command = ({ table, source, target }) => node('duckdb-pages.mjs', source, table.name, target.url);
  const title = 'LIMIT/OFFSET loop through DuckDB';
  // Without a key: its pages overlap, and the first row that comes twice would end it.
  return [{ id: 'pages', title, ways: { postgres: { prepare: ({ ddl }) => ddl('public', false), command } } }];
}
