// DuckDB in this process, with the pinned extensions only: nothing is fetched behind our back.

import { DuckDBInstance } from '@duckdb/node-api';
import { extensions } from './layout.mjs';

/** Opens a database, hands a connection to `work` and closes both, so that no file stays locked. */
export async function withDuckDB(path, options, work) {
  const instance = await DuckDBInstance.create(path, {
    extension_directory: extensions,
    autoinstall_known_extensions: 'false',
    ...options,
  });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export const literal = (text) => `'${text.replaceAll("'", "''")}'`;
