// On what a run was made: the figures mean nothing without it.

import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { repository } from '../dev/layout.mjs';
import { query } from '../dev/postgres.mjs';

const gibibytes = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

export function describeMachine() {
  const [{ model }] = cpus();
  return `${cpus().length} cores (${model.trim()}), ${gibibytes(totalmem())} of memory, ${type()} ${release()}`;
}

/** How busy the machine is with anything at all, ourselves included: the mean of the last minute. */
export const load = () => loadavg()[0];

/** Whether others kept the machine busy before a run began: more than one program for each core. */
export const isBusy = (load) => load > cpus().length;

/** The commit, marked when the checkout differs from it; null outside of git. */
export function describeCommit() {
  const args = ['-C', repository, 'describe', '--always', '--dirty', '--exclude=*'];
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** PostgreSQL's version, and the settings that somebody chose and that matter to speed. */
export async function describePostgres(url) {
  const [{ version }] = await query(url, "SELECT current_setting('server_version') AS version");
  const rows = await query(
    url,
    `SELECT name || ' = ' || current_setting(name) AS setting FROM pg_settings
     WHERE name IN ('shared_buffers', 'max_wal_size', 'wal_level', 'fsync', 'synchronous_commit', 'full_page_writes',
                    'max_parallel_workers_per_gather', 'work_mem', 'maintenance_work_mem')
     ORDER BY name`,
  );
  return { version, settings: rows.map(({ setting }) => setting) };
}
