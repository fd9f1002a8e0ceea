import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { pipelineJobsQuery } from '@/api/queries';
import type { Job } from '@/api/types';
import { JobActionsMenu } from '@/components/jobs/JobActionsMenu';
import { JobProgress } from '@/components/jobs/JobProgress';
import { JobStatusBadge } from '@/components/jobs/JobStatusBadge';
import { useConfirmedAction } from '@/components/jobs/useConfirmedAction';
import { Button } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Pagination } from '@/components/ui/Pagination';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { Time } from '@/components/ui/Time';
import type { JobAction } from '@/jobs/actions';
import { DestinationParts } from './DestinationParts';

const PAGE = 25;

interface JobsTabProps {
  pipeline: number;
  page: number;
  onPage: (page: number) => void;
  onCreate: () => void;
}

/** The pipeline's jobs, page by page, newest first. */
export function JobsTab({ pipeline, page, onPage, onCreate }: JobsTabProps) {
  const jobs = useQuery(pipelineJobsQuery(pipeline, { skip: (page - 1) * PAGE, limit: PAGE }));
  const { perform, dialog } = useConfirmedAction();
  if (jobs.error && !jobs.data) {
    return <ErrorPanel error={jobs.error} onRetry={() => void jobs.refetch()} />;
  }
  return (
    <Card flush>
      {!jobs.data && <SkeletonRows rows={6} label="Loading the jobs" />}
      {jobs.data?.total === 0 && <NoJobs onCreate={onCreate} />}
      {jobs.data && jobs.data.total > 0 && (
        <>
          <JobList jobs={jobs.data.items} perform={perform} />
          <div className="border-t border-line px-4 py-2 sm:px-5">
            <Pagination
              total={jobs.data.total}
              skip={(page - 1) * PAGE}
              limit={PAGE}
              onSkip={(skip) => onPage(skip / PAGE + 1)}
            />
          </div>
        </>
      )}
      {dialog}
    </Card>
  );
}

function NoJobs({ onCreate }: { onCreate: () => void }) {
  return (
    <EmptyState
      icon={RotateCcw}
      title="Nothing has been backfilled yet"
      action={
        <Button variant="primary" icon={RotateCcw} onClick={onCreate}>
          Create backfill
        </Button>
      }
    >
      Choose a table, narrow it down by filters if you like, and see what would happen before anything does.
      The copy is made in chunks, can be stopped and resumed at any time, and is compared with the source at
      the end.
    </EmptyState>
  );
}

// On a phone, a job is a few lines; on a wide screen, one row of a table.
const COLUMNS =
  'grid grid-cols-[minmax(0,1fr)_auto_2rem] items-center gap-x-5 gap-y-2 px-4 sm:px-5 lg:grid-cols-[minmax(0,5fr)_8.5rem_minmax(0,6fr)_minmax(0,4fr)_6rem_2rem]';

interface JobListProps {
  jobs: Job[];
  perform: (job: Job, action: JobAction) => void;
}

function JobList({ jobs, perform }: JobListProps) {
  return (
    <div role="table" aria-label="Backfills of this pipeline">
      <div role="rowgroup" className="hidden lg:block">
        <div
          role="row"
          className={`${COLUMNS} h-9 border-b border-line bg-sunken/60 text-xs font-medium text-muted`}
        >
          {['Table', 'State', 'Progress', 'Destinations', 'Created'].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
          <span role="columnheader" className="sr-only">
            Actions
          </span>
        </div>
      </div>
      <div role="rowgroup" className="divide-y divide-line">
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} perform={perform} />
        ))}
      </div>
    </div>
  );
}

function JobRow({ job, perform }: { job: Job; perform: JobListProps['perform'] }) {
  return (
    <div role="row" className={`${COLUMNS} relative min-h-15 py-2.5 hover:bg-hover`}>
      <div role="cell" className="min-w-0">
        <Link
          to="/jobs/$id"
          params={{ id: job.id }}
          className="block truncate font-medium -outline-offset-2 after:absolute after:inset-0"
        >
          {job.table_name}
        </Link>
        <p className="truncate text-xs text-muted" title={job.filter_sql || undefined}>
          #{job.id}
          {job.filter_sql && ` · ${job.filter_sql}`}
        </p>
      </div>
      <div role="cell">
        <JobStatusBadge job={job} />
      </div>
      <div role="cell" className="order-last col-span-full min-w-0 lg:order-none lg:col-span-1">
        <JobProgress job={job} />
        <Remark job={job} />
      </div>
      <div role="cell" className="order-last col-span-full min-w-0 lg:order-none lg:col-span-1">
        <DestinationParts job={job} />
      </div>
      <div role="cell" className="hidden text-xs text-muted lg:block">
        <Time at={job.created_at} />
      </div>
      <div role="cell" className="relative -mr-2">
        <JobActionsMenu job={job} perform={perform} />
      </div>
    </div>
  );
}

/** Why it has failed, or does not get on. */
function Remark({ job }: { job: Job }) {
  const text = job.error_message ?? job.waiting?.detail;
  if (!text || job.status === 'COMPLETED') return null;
  return (
    <p
      className={`mt-1 truncate text-xs ${job.status === 'FAILED' ? 'text-red' : 'text-muted'}`}
      title={text}
    >
      {text}
    </p>
  );
}
