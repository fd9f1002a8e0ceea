// Fetches the peers, each into a folder of its own below `.bench/peers`, as their lock files pin them. A peer that
// cannot be had on this machine is reported with its reason; the others go on.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { here as dev, platform } from '../dev/layout.mjs';
import { peers } from './home.mjs';

const locks = join(dev, '..', 'bench', 'peers');

/** Lays a peer's packages out: `{ folder }`, or `{ reason }` for why it is not there. */
export function fetchPeer(name) {
  const target = join(peers, name);
  const lock = join(locks, `${name}.txt`);
  const stamp = join(target, '.stamp');
  const wanted = createHash('sha256').update(platform.npm).update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { folder: target };
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(peers, '.gitignore'), '*\n');
  console.log(`bench: fetching ${name}`);
  const reason = install(lock, target);
  if (reason) return { reason };
  writeFileSync(stamp, wanted);
  return { folder: target };
}

function install(lock, target) {
  const exact = ['--require-hashes', '--no-deps', '--only-binary=:all:', '--quiet'];
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_ROOT_USER_ACTION: 'ignore' };
  const args = ['-m', 'pip', 'install', ...exact, '--target', target, '-r', lock];
  const { status, error, stderr } = spawnSync('python3', args, { env, encoding: 'utf8' });
  if (status === 0) return packagesIn(target).length ? null : 'nothing is published for this platform';
  return error?.message ?? (stderr.match(/^ERROR: .*/m)?.[0] ?? `pip ended with status ${status}`);
}

const packagesIn = (target) => readdirSync(target).filter((entry) => entry.endsWith('.dist-info'));

/** The version of an installed package, as its folder says. */
export function versionOf(target, name) {
  const found = packagesIn(target).find((entry) => entry.toLowerCase().startsWith(`${name}-`));
  return found?.slice(name.length + 1, -'.dist-info'.length);
}
