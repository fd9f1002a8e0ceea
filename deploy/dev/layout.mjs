// Where things are. Everything fetched or made at run time lies in folders that git ignores.

import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../..');
export const deps = resolve(repository, '.deps');
export const stamp = resolve(deps, 'stamp');
export const extensions = resolve(deps, 'extensions');
export const dashboard = resolve(repository, 'frontend/dist');
export const binaries = resolve(repository, process.env.CARGO_TARGET_DIR || 'target', process.env.BACKFILL_PROFILE || 'release');

/** The names by which npm and DuckDB call the machine we are on. */
export const platform = {
  'linux-x64': { npm: 'linux-x64', duckdb: 'linux_amd64', library: 'libduckdb.so' },
  'linux-arm64': { npm: 'linux-arm64', duckdb: 'linux_arm64', library: 'libduckdb.so' },
  'darwin-x64': { npm: 'darwin-x64', duckdb: 'osx_amd64', library: 'libduckdb.dylib' },
  'darwin-arm64': { npm: 'darwin-arm64', duckdb: 'osx_arm64', library: 'libduckdb.dylib' },
}[`${process.platform}-${process.arch}`];

if (!platform) {
  console.error(
    `Nothing is published for ${process.platform}-${process.arch}: use Linux or macOS on x64 or arm64, ` +
      'or give the binaries a PostgreSQL and a libduckdb of your own (README.md).',
  );
  process.exit(1);
}
