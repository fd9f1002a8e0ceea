// dlt and ConnectorX, by programs of a few lines that use them as their manuals say.

import { join } from 'node:path';
import { fetchPeer, versionOf } from '../fetch.mjs';
import { folder as home } from '../home.mjs';
import { programs } from '../measure.mjs';

export function dlt() {
  const { version, reason, env } = fetched('dlt');
  const way = (backend, kind) => ({
    env: { ...env, DLT_DATA_DIR: join(home, 'dlt'), RUNTIME__DLTHUB_TELEMETRY: 'false' },
    files: '**/TABLE/*.parquet',
    command: ({ table, source, target }) =>
      ['python3', join(programs, 'dlt_copy.py'), backend, kind, source, table.name, target.url ?? target.path],
  });
  const kinds = ['postgres', 'duckdb', 'parquet'];
  const ways = Object.fromEntries(kinds.map((kind) => [kind, way('pyarrow', kind)]));
  return [
    { id: 'dlt', title: 'dlt (pyarrow)', version, reason, ways },
    { id: 'dlt-connectorx', title: 'dlt (connectorx)', reason, ways: { parquet: way('connectorx', 'parquet') } },
  ];
}

export function connectorx() {
  const { version, reason, env } = fetched('connectorx');
  const command = ({ table, source, target }) =>
    ['python3', join(programs, 'connectorx_copy.py'), source, table.name, table.key[0], target.path];
  return [{ id: 'connectorx', title: 'ConnectorX', version, reason, ways: { parquet: { env, command } } }];
}

/** Both are in one lock file: dlt uses ConnectorX, too. */
function fetched(name) {
  const { folder, reason } = fetchPeer('dlt');
  return reason ? { reason } : { version: versionOf(folder, name), env: { PYTHONPATH: folder } };
}
