// The limit: PostgreSQL's own COPY, from psql to psql into an empty table with the same key. Nothing is looked at on
// the way, nothing can be resumed, nothing is proven. To files there is no such pipe; there the limit is to read.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fetchPeer } from '../fetch.mjs';

export function copy() {
  const { psql, version, reason } = findPsql();
  const title = 'COPY | COPY';
  const out = (table) => `COPY public.${table.name} TO STDOUT (FORMAT binary)`;
  const into = (table) => `COPY public.${table.name} FROM STDIN (FORMAT binary)`;
  const ways = {
    postgres: {
      prepare: ({ ddl }) => ddl('public'),
      command: ({ table, source, target }) => [
        ...['sh', '-c', '"$0" -qXd "$1" -c "$2" | "$0" -qXd "$3" -c "$4"'],
        ...[psql, source, out(table), target.url, into(table)],
      ],
    },
    nowhere: {
      command: ({ table, source }) => ['sh', '-c', '"$0" -qXd "$1" -c "$2" > /dev/null', psql, source, out(table)],
    },
  };
  return [{ id: 'copy', title, version, isLimit: true, reason, ways }];
}

/** The pinned one where it runs, else the machine's. */
function findPsql() {
  const { folder, reason } = fetchPeer('psql');
  const pinned = folder && join(folder, 'embedded_postgres', 'pginstall', 'bin', 'psql');
  for (const psql of [pinned, 'psql'].filter(Boolean)) {
    const { status, stdout } = spawnSync(psql, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { psql, version: stdout.trim() };
  }
  return { reason: `no psql: ${reason ?? 'the fetched one does not run here'}` };
}
