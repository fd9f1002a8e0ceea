import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import type { Job } from '@/api/types';
import { JobProgress } from '@/components/jobs/JobProgress';
import { Card } from '@/components/ui/Card';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { formatCount } from '@/format/number';
import { runningQuery } from './queries';

export function RunningNow() {
  const { data, error, refetch } = useQuery(runningQuery);
  const more = (data?.total ?? 0) - (data?.items.length ?? 0);
  return (
    <Card title="Running now" flush>
      {error && !data && (
        <div className="p-4">
          <ErrorPanel error={error} onRetry={() => void refetch()} />
        </div>
      )}
      {!data && !error && <SkeletonRows rows={3} />}
      {data?.items.length === 0 && (
        <p className="flex items-center gap-2.5 px-4 pt-1 pb-5 text-sm text-muted sm:px-5">
          <CircleCheck aria-hidden className="size-4" /> Nothing is running.
        </p>
      )}
      {data && data.items.length > 0 && (
        <ul className="divide-y divide-line border-t border-line">
          {data.items.map((job) => (
            <Running key={job.id} job={job} />
          ))}
        </ul>
      )}
      {more > 0 && (
        <Link
          to="/jobs"
          search={{ status: ['EXECUTING'] }}
          className="block border-t border-line px-5 py-2.5 text-sm font-medium text-accent-text -outline-offset-2 hover:bg-hover"
        >
          {formatCount(more)} more
        </Link>
      )}
    </Card>
  );
}

function Running({ job }: { job: Job }) {
  return (
    <li className="relative grid gap-x-6 gap-y-2 px-4 py-3 hover:bg-hover sm:grid-cols-[minmax(0,5fr)_minmax(0,6fr)] sm:items-center sm:px-5">
      <div className="min-w-0">
        <Link
          to="/jobs/$id"
          params={{ id: job.id }}
          className="block truncate font-medium -outline-offset-2 after:absolute after:inset-0"
        >
          {job.table_name}
        </Link>
        <p className="truncate text-xs text-muted">
          #{job.id} · {job.waiting ? job.waiting.detail : job.pipeline_name}
        </p>
      </div>
      <JobProgress job={job} />
    </li>
  );
}
