// Sling, by its command line.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPeer, versionOf } from '../fetch.mjs';
import { folder as home } from '../home.mjs';

/** Sling insists on encryption unless told otherwise. */
const plain = (url) => `${url}?sslmode=disable`;

export function sling() {
  const { folder, reason } = fetchPeer('sling');
  const title = 'Sling';
  if (reason) return [{ id: 'sling', title, reason, ways: { postgres: {}, parquet: {} } }];
  const name = readdirSync(folder).find((entry) => /^sling_\w+$/.test(entry));
  const program = join(folder, name, 'bin', name.replaceAll('_', '-'));
  const env = {
    SLING_DISABLE_TELEMETRY: 'true',
    SLING_HOME_DIR: join(home, 'sling'),
    SLING_DUCKDB_COMPUTE: 'false', // else it downloads a DuckDB of its own to write Parquet, which no lock file pins
  };
  const run = (source, table, connection, mode) => [
    ...[program, 'run', '--src-conn', plain(source), '--src-stream', `public.${table.name}`],
    ...[...connection, '--mode', mode],
  ];
  return [
    {
      id: 'sling',
      title,
      version: versionOf(folder, name),
      ways: {
        postgres: {
          prepare: ({ ddl }) => ddl('public'),
          env,
          command: ({ table, source, target }) =>
            run(source, table, ['--tgt-conn', plain(target.url), '--tgt-object', `public.${table.name}`], 'truncate'),
        },
        parquet: {
          env,
          command: ({ table, source, target }) =>
            run(source, table, ['--tgt-object', `file://${join(target.path, table.name)}.parquet`], 'full-refresh'),
        },
      },
    },
  ];
}
