// The processes of a stack. They outlive the command that starts them; what finds them again is a pid
// file, and a pid alone proves nothing: it may long belong to someone else.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { home } from './home.mjs';

/** Every process of this stack carries it in its environment. */
const MARK = `BACKFILL_HOME=${home.folder}`;
export const marked = (env) => ({ ...env, BACKFILL_HOME: home.folder });

/** Starts a program in the background, with its output in the log. */
export function launch(name, program, env) {
  const log = openSync(home.log(name), 'a', 0o600);
  const child = spawn(program, [], { env: marked(env), detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.on('error', () => {}); // no pid then: seen as not running, with nothing in its log
  remember(name, child);
}

/** Notes the pid, and lets this command end while the child goes on. */
export function remember(name, child) {
  if (child.pid) writeFileSync(home.pid(name), `${child.pid}\n`);
  child.unref();
}

/** The pid of the stack's living process of that name, or null. */
export function running(name) {
  if (!existsSync(home.pid(name))) return null;
  const pid = Number.parseInt(readFileSync(home.pid(name), 'utf8'));
  return pid > 0 && isOurs(pid) ? pid : null;
}

/** False too for a process that has ended and is not yet reaped: that one has no environment left. */
function isOurs(pid) {
  if (existsSync('/proc/self/environ')) {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(MARK);
    } catch {
      return false; // gone, or somebody else's
    }
  }
  const { stdout } = spawnSync('ps', ['-E', '-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return `${stdout} `.includes(` ${MARK} `);
}

/** Asks with `signal`, kills after the grace, and removes the pid file. */
export async function stop(name, { signal = 'SIGTERM', grace = 30_000 } = {}) {
  if (running(name)) {
    send(name, signal);
    if (!(await hasEnded(name, grace))) {
      send(name, 'SIGKILL');
      await hasEnded(name, 5_000);
    }
  }
  rmSync(home.pid(name), { force: true });
}

function send(name, signal) {
  try {
    process.kill(running(name), signal);
  } catch {
    // It ended in this very moment.
  }
}

async function hasEnded(name, within) {
  for (const deadline = Date.now() + within; Date.now() < deadline; await sleep(20)) {
    if (!running(name)) return true;
  }
  return false;
}
