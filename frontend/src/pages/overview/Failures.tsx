import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck, CircleX } from 'lucide-react';
import { useConfirmedAction } from '@/components/jobs/useConfirmedAction';
import { Button } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { Time } from '@/components/ui/Time';
import { formatCount } from '@/format/number';
import { failedQuery } from './queries';

/** Jobs that somebody has to look at. */
export function Failures() {
  const { data } = useQuery(failedQuery);
  const { perform, dialog } = useConfirmedAction();
  if (!data) {
    return (
      <Card title="Needs attention" flush>
        <SkeletonRows rows={2} />
      </Card>
    );
  }
  const more = data.total - data.items.length;
  return (
    <Card title="Needs attention" flush>
      {data.items.length === 0 ? (
        <p className="flex items-center gap-2.5 px-4 pt-1 pb-5 text-sm text-muted sm:px-5">
          <CircleCheck aria-hidden className="size-4 text-green" /> No job has failed.
        </p>
      ) : (
        <ul className="divide-y divide-line border-t border-line">
          {data.items.map((job) => (
            <li key={job.id} className="px-4 py-3 sm:px-5">
              <div className="flex items-center gap-2">
                <CircleX aria-hidden className="size-4 shrink-0 text-red" />
                <Link
                  to="/jobs/$id"
                  params={{ id: job.id }}
                  className="min-w-0 flex-1 truncate rounded font-medium hover:underline"
                >
                  {job.table_name}
                </Link>
                <Button size="small" onClick={() => perform(job, 'retry')} aria-label={`Retry job ${job.id}`}>
                  Retry
                </Button>
              </div>
              <p className="mt-1 line-clamp-3 text-xs wrap-anywhere text-muted">{job.error_message}</p>
              <p className="mt-1 text-xs text-muted">
                #{job.id} · <Time at={job.finished_at ?? job.updated_at} />
              </p>
            </li>
          ))}
        </ul>
      )}
      {more > 0 && (
        <Link
          to="/jobs"
          search={{ status: ['FAILED'] }}
          className="block border-t border-line px-5 py-2.5 text-sm font-medium text-accent-text -outline-offset-2 hover:bg-hover"
        >
          {formatCount(more)} more
        </Link>
      )}
      {dialog}
    </Card>
  );
}
