// What a run costs the client: seconds, CPU seconds, and the size of the process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, interrupted } from '../dev/failure.mjs';
import { here as dev } from '../dev/layout.mjs';
import { lastLines } from '../dev/logs.mjs';
import { folder } from './home.mjs';

export const programs = join(dev, '..', 'bench', 'peers');

/** Seconds after which a run is given up. */
const LIMIT = 900;
const TICKS_PER_SECOND = 100;

/** Runs a command to its end; a Failure with the end of its output if it fails. */
export async function measureCommand([program, ...args], env = {}) {
  const log = join(folder, 'peer.log');
  const child = spawn('python3', [join(programs, 'measure.py'), String(LIMIT), log, program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => child.kill('SIGTERM');
  interrupted.addEventListener('abort', stop);
  let answer = '';
  child.stdout.on('data', (chunk) => (answer += chunk));
  await once(child, 'close');
  interrupted.removeEventListener('abort', stop);
  interrupted.throwIfAborted();
  if (!answer) throw new Failure(`${program} could not be started.`);
  const { status, ...cost } = JSON.parse(answer);
  if (status === 0) return cost;
  const why = status === 'timeout' ? `given up after ${LIMIT} s` : `ended with status ${status}`;
  throw new Failure(`${why}. ${lastLines(log, 12)}`);
}

/** What a running process uses while `work` goes on; only Linux tells. */
export async function measureProcess(pid, work) {
  if (process.platform !== 'linux') return { ...(await work()), cpu: null, rss: null };
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // its peak starts anew
  const before = cpuOf(pid);
  const result = await work();
  return { ...result, cpu: cpuOf(pid) - before, rss: peakOf(pid) };
}

function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function peakOf(pid) {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmHWM:\s+(\d+) kB$/m)[1]) * 1024;
}
