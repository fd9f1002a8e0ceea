// How a job gets on: one line that redraws itself on a terminal, a line now and then anywhere else.

const WIDTH = 24;
const BETWEEN_LINES = 2_000;

const count = (number) => Math.round(number).toLocaleString('en');

/** A job, as the API returns it, in one line. */
export function progressLine(title, job) {
  const share = job.progress === null ? 0 : Math.min(Math.max(job.progress, 0), 1);
  const filled = Math.round(share * WIDTH);
  const parts = [
    title,
    '█'.repeat(filled) + '░'.repeat(WIDTH - filled),
    job.progress === null ? '  – %' : `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${count(job.count_record).padStart(9)} rows`,
  ];
  if (job.rows_per_second) parts.push(`${count(job.rows_per_second).padStart(9)} rows/s`);
  if (job.status === 'EXECUTING' && job.eta_seconds != null) parts.push(`ETA ${Math.ceil(job.eta_seconds)} s`);
  if (job.status !== 'EXECUTING') parts.push(job.status.toLowerCase());
  return parts.join('  ');
}

/** Shows one job on `out`, as often as `show` is called; `end` leaves the last state standing. */
export function progressOn(out, title) {
  let last = 0;
  const show = (job) => {
    if (out.isTTY) return out.write(`\r\x1b[2K${progressLine(title, job).slice(0, (out.columns || 120) - 1)}`);
    if (Date.now() - last < BETWEEN_LINES) return;
    last = Date.now();
    out.write(`${progressLine(title, job)}\n`);
  };
  const end = (job) => {
    last = 0;
    show(job);
    if (out.isTTY) out.write('\n');
  };
  return { show, end };
}
