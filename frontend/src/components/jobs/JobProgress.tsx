import { clsx } from 'clsx';
import { ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react';
import type { Job } from '@/api/types';
import type { Tone } from '@/components/ui/Badge';
import { Progress } from '@/components/ui/Progress';
import { formatCount, formatPercent, formatRate } from '@/format/number';
import { formatDuration, secondsBetween } from '@/format/time';
import { differs, isVerified } from '@/jobs/actions';

const TONES: Record<Job['status'], Tone> = {
  PENDING: 'gray',
  EXECUTING: 'blue',
  PAUSED: 'amber',
  COMPLETED: 'green',
  FAILED: 'red',
  CANCELLED: 'gray',
};

export function JobProgressBar({ job, className }: { job: Job; className?: string }) {
  // A bar that goes back and forth says that something is going on: nothing is before a daemon has begun.
  const share = job.progress ?? (job.status === 'EXECUTING' ? null : 0);
  return (
    <Progress
      label={`Progress of job ${job.id}`}
      share={share}
      tone={TONES[job.status]}
      className={className}
    />
  );
}

/** How much, how fast, how long: with a bar above while there is a way to go. */
export function JobProgress({ job }: { job: Job }) {
  if (job.status === 'COMPLETED') return <Outcome job={job} />;
  return (
    <div className="min-w-0">
      <JobProgressBar job={job} />
      <p className="mt-1.5 flex justify-between gap-3 text-xs text-muted tabular-nums">
        <span className="truncate">
          {rowsOf(job)}
          {job.rows_per_second != null && ` · ${formatRate(job.rows_per_second)} rows/s`}
          {job.eta_seconds != null && ` · ${formatDuration(job.eta_seconds)} left`}
        </span>
        {job.progress != null && <span>{formatPercent(job.progress)}</span>}
      </p>
    </div>
  );
}

function Outcome({ job }: { job: Job }) {
  const { icon: Icon, word, colour } = differs(job) ? DIFFERS : isVerified(job) ? VERIFIED : NOT_COMPARED;
  return (
    <p className="flex min-w-0 items-center justify-between gap-3 text-xs tabular-nums">
      <span className="truncate text-muted">
        <span className="text-text">{rowsOf(job)}</span>
        {job.started_at &&
          job.finished_at &&
          ` · in ${formatDuration(secondsBetween(job.started_at, job.finished_at))}`}
      </span>
      <span className={clsx('flex items-center gap-1.5', colour)}>
        <Icon aria-hidden className="size-3.5" />
        {word}
      </span>
    </p>
  );
}

const DIFFERS = { icon: ShieldAlert, word: 'Differs', colour: 'text-red' };
const VERIFIED = { icon: ShieldCheck, word: 'Verified', colour: 'text-green' };
const NOT_COMPARED = { icon: ShieldQuestion, word: 'Not compared', colour: 'text-muted' };

/** `12,000 of about 3,000,000 rows` */
export function rowsOf(job: Job) {
  const count = formatCount(job.count_record);
  if (job.total_record == null || job.status === 'COMPLETED') return `${count} rows`;
  return `${count} of ${job.total_is_estimate ? 'about ' : ''}${formatCount(job.total_record)} rows`;
}
