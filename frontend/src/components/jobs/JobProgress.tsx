import type { Job } from '@/api/types';
import type { Tone } from '@/components/ui/Badge';
import { Progress } from '@/components/ui/Progress';
import { formatCount, formatPercent, formatRate } from '@/format/number';
import { formatDuration } from '@/format/time';

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

/** A line: how much, how fast, how long. With a bar above. */
export function JobProgress({ job }: { job: Job }) {
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

/** `12,000 of about 3,000,000 rows` */
export function rowsOf(job: Job) {
  const count = formatCount(job.count_record);
  if (job.total_record == null || job.status === 'COMPLETED') return `${count} rows`;
  return `${count} of ${job.total_is_estimate ? 'about ' : ''}${formatCount(job.total_record)} rows`;
}
