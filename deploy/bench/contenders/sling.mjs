// Sling, by its command line.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPeer, versionOf } from '../fetch.mjs';
import { folder as home } from '../home.mjs';

export function sling() {
  const { folder, reason } = fetchPeer('sling');
  const title = 'Sling';
  if (reason) return [{ id: 'sling', title, reason, ways: { postgres: {}, parquet: {} } }];
  const name = readdirSync(folder).find((entry) => /^sling_\w+$/.test(entry));
  const program = join(folder, name, 'bin', name.replaceAll('_', '-'));
  const env = { SLING_DISABLE_TELEMETRY: 'true', SLING_HOME_DIR: join(home, 'sling') };
  const run = (source, table, connection, mode) => [
    ...[program, 'run', '--src-conn', source, '--src-stream', `public.${table.name}`],
    ...[...connection, '--mode', mode],
  ];
  return [
    {
      id: 'sling',
      title,
      version: versionOf(folder, name),
      ways: {
        postgres: {
          prepared: true,
          env,
          command: ({ table, source, target }) =>
            run(source, table, ['--tgt-conn', target.url, '--tgt-object', `public.${table.name}`], 'truncate'),
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
