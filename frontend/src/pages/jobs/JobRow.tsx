import { Link } from '@tanstack/react-router';
import { clsx } from 'clsx';
import type { CSSProperties, ReactNode } from 'react';
import type { Job } from '@/api/types';
import { JobActionsMenu } from '@/components/jobs/JobActionsMenu';
import { JobProgress } from '@/components/jobs/JobProgress';
import { JobStatusBadge } from '@/components/jobs/JobStatusBadge';
import { Skeleton } from '@/components/ui/Skeleton';
import { Time } from '@/components/ui/Time';
import type { JobAction } from '@/jobs/actions';

// The same columns in each row, which is a grid of its own; on a phone, two lines.
const COLUMNS =
  'grid content-center items-center gap-x-5 gap-y-2 px-4 sm:px-5 grid-cols-[minmax(0,1fr)_auto_2rem] md:grid-cols-[minmax(0,5fr)_9.5rem_minmax(0,6fr)_6.5rem_2rem]';

export function JobTableHead() {
  return (
    <div role="rowgroup" className="hidden md:block">
      <div
        role="row"
        aria-rowindex={1}
        className={clsx(COLUMNS, 'h-9 border-b border-line bg-sunken/60 text-xs font-medium text-muted')}
      >
        {['Table', 'State', 'Progress', 'Created'].map((name) => (
          <span key={name} role="columnheader" className={clsx(name === 'Created' && 'text-right')}>
            {name}
          </span>
        ))}
        <span role="columnheader" className="sr-only">
          Actions
        </span>
      </div>
    </div>
  );
}

interface RowProps {
  index: number;
  place: CSSProperties;
}

interface JobRowProps extends RowProps {
  job: Job;
  perform: (job: Job, action: JobAction) => void;
}

export function JobRow({ index, place, job, perform }: JobRowProps) {
  return (
    <Row index={index} place={place}>
      <div role="cell" className="min-w-0">
        <Link
          to="/jobs/$id"
          params={{ id: job.id }}
          className="block truncate font-medium -outline-offset-2 after:absolute after:inset-0"
        >
          {job.table_name}
        </Link>
        <p className="truncate text-xs text-muted">
          #{job.id} · {job.pipeline_name}
          {job.filter_sql && ` · ${job.filter_sql}`}
        </p>
      </div>
      <div role="cell">
        <JobStatusBadge job={job} />
      </div>
      <div role="cell" className="order-last col-span-full min-w-0 md:order-none md:col-span-1">
        <JobProgress job={job} />
      </div>
      <div role="cell" className="hidden text-right text-xs text-muted md:block">
        <Time at={job.created_at} />
      </div>
      <div role="cell" className="relative -mr-2">
        <JobActionsMenu job={job} perform={perform} />
      </div>
    </Row>
  );
}

export const SkeletonRow = ({ index, place }: RowProps) => (
  <Row index={index} place={place}>
    <span role="cell">
      <Skeleton className="h-4 w-2/5" />
    </span>
    <span role="cell">
      <Skeleton className="h-6 w-24 rounded-full" />
    </span>
    <span role="cell" className="order-last col-span-full md:order-none md:col-span-1">
      <Skeleton className="h-1.5 w-full" />
    </span>
  </Row>
);

function Row({ index, place, children }: RowProps & { children: ReactNode }) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      style={place}
      className={clsx(COLUMNS, 'absolute inset-x-0 border-b border-line hover:bg-hover')}
    >
      {children}
    </div>
  );
}
