// PostgreSQL refuses to run as root. Where we are root it runs as `nobody`, and that user has to reach
// both its program and its data, also in a checkout below a closed folder such as /root.

import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from './failure.mjs';

/** `uid` and `gid` for spawn, where PostgreSQL must not run as ourselves; otherwise empty. */
export const owner = process.getuid() === 0 ? { uid: idOfNobody('-u'), gid: idOfNobody('-g') } : {};

function idOfNobody(option) {
  const id = Number.parseInt(spawnSync('id', [option, 'nobody'], { encoding: 'utf8' }).stdout);
  if (id > 0) return id;
  throw new Failure('PostgreSQL cannot run as root and there is no user `nobody`: run this as an ordinary user.');
}

/** Asked of the system as that user, rather than worked out from modes, groups and ACLs. */
export function canEnter(path) {
  return owner.uid === undefined || spawnSync('test', ['-x', path], { cwd: '/', ...owner }).status === 0;
}

export function giveAway(path) {
  if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid);
}

export function temporaryFolder() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'backfill-postgres-')));
  giveAway(folder);
  if (canEnter(folder)) return folder;
  rmSync(folder, { recursive: true });
  throw new Failure(`User \`nobody\`, as whom PostgreSQL runs here, cannot enter ${tmpdir()}: set TMPDIR=/tmp.`);
}

/** Makes `folder` for PostgreSQL. Where its user cannot go, `folder` becomes a link to a temporary one. */
export function placeFor(folder) {
  if (existsSync(folder)) return realpathSync(folder);
  rmSync(folder, { force: true }); // a link whose temporary folder is gone
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  giveAway(folder);
  if (canEnter(folder)) return realpathSync(folder);
  rmSync(folder, { recursive: true });
  symlinkSync(temporaryFolder(), folder);
  return realpathSync(folder);
}

/** Leaves nothing in the temporary folder; data below the checkout stays for the next start. */
export function discardTemporary(folder) {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  if (existsSync(folder)) rmSync(realpathSync(folder), { recursive: true });
  rmSync(folder);
}
