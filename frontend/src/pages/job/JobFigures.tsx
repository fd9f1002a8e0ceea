import type { ReactNode } from 'react';
import type { Job } from '@/api/types';
import { JobProgressBar } from '@/components/jobs/JobProgress';
import { Card } from '@/components/ui/Card';
import { Time } from '@/components/ui/Time';
import { useNow } from '@/components/ui/useNow';
import { formatCount, formatPercent, formatRate } from '@/format/number';
import { formatDuration, secondsBetween } from '@/format/time';

const NONE = '–';

/** How far it is, how fast it goes, how long it takes. */
export function JobFigures({ job }: { job: Job }) {
  const total = job.total_record;
  return (
    <Card>
      <JobProgressBar job={job} />
      {job.status === 'EXECUTING' && (
        <p className="mt-2 min-h-4 truncate text-xs text-muted">
          {job.waiting && (
            <>
              Waiting since <Time at={job.waiting.since} />: {job.waiting.detail}
            </>
          )}
        </p>
      )}
      <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-3 lg:grid-cols-5">
        <Figure name="Progress">{job.progress == null ? NONE : formatPercent(job.progress)}</Figure>
        <Figure
          name="Rows"
          note={total != null && `of ${job.total_is_estimate ? 'about ' : ''}${formatCount(total)}`}
        >
          {formatCount(job.count_record)}
        </Figure>
        <Figure name="Rows a second" note={job.rows_per_second == null && job.finished_at && 'on average'}>
          {job.rows_per_second == null ? <Average job={job} /> : formatRate(job.rows_per_second)}
        </Figure>
        <Figure name="Time left">{job.eta_seconds == null ? NONE : formatDuration(job.eta_seconds)}</Figure>
        <Figure name="From its start" note={job.attempt > 1 && `attempt ${job.attempt}`}>
          <Elapsed job={job} />
        </Figure>
      </dl>
    </Card>
  );
}

function Figure({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 text-lg leading-7 font-semibold tracking-tight tabular-nums">
        {children}
        <span className="block min-h-4 text-xs leading-4 font-normal tracking-normal text-muted">{note}</span>
      </dd>
    </div>
  );
}

function Average({ job }: { job: Job }) {
  if (!job.started_at || !job.finished_at || job.count_record === 0) return NONE;
  const seconds = secondsBetween(job.started_at, job.finished_at);
  return seconds > 0 ? formatRate(job.count_record / seconds) : NONE;
}

function Elapsed({ job }: { job: Job }) {
  const now = useNow();
  if (!job.started_at) return NONE;
  const running = job.status === 'EXECUTING';
  const end = job.finished_at ?? (running ? now : job.updated_at);
  const seconds = secondsBetween(job.started_at, end);
  return formatDuration(running ? Math.floor(seconds) : seconds);
}
