import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { clsx } from 'clsx';
import type { Worker } from '@/api/types';
import { workersQuery } from '@/api/queries';
import { Card } from '@/components/ui/Card';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { Time } from '@/components/ui/Time';
import { useNow } from '@/components/ui/useNow';
import { formatDuration, secondsBetween } from '@/format/time';

export function Daemons() {
  const { data } = useQuery(workersQuery);
  const alive = data?.items.filter((worker) => worker.alive).length ?? 0;
  return (
    <Card title="Daemons" description={data && `${alive} alive of ${data.total}`} flush>
      {!data && <SkeletonRows rows={1} />}
      {data?.items.length === 0 && (
        <p className="px-4 pb-5 text-sm text-muted sm:px-5">
          No daemon has ever reported here. Start <code className="font-mono text-xs">backfill-compute</code>{' '}
          with the API&apos;s <code className="font-mono text-xs">DATABASE_URL</code>.
        </p>
      )}
      {data && data.items.length > 0 && (
        <ul className="divide-y divide-line border-t border-line">
          {data.items.map((worker) => (
            <Daemon key={worker.id} worker={worker} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Daemon({ worker }: { worker: Worker }) {
  return (
    <li className={clsx('px-4 py-3 sm:px-5', !worker.alive && 'text-muted')}>
      <div className="flex items-center gap-2.5">
        <span
          aria-hidden
          className={clsx('size-2 shrink-0 rounded-full', worker.alive ? 'bg-green-solid' : 'bg-red-solid')}
        />
        <span className="min-w-0 flex-1 truncate font-medium">
          {worker.hostname} <span className="font-normal text-muted">· pid {worker.pid}</span>
        </span>
        <span className="text-xs text-muted tabular-nums">
          {worker.alive ? `${worker.jobs.length} of ${worker.max_jobs} jobs` : 'silent'}
        </span>
      </div>
      <p className="mt-0.5 pl-4.5 text-xs text-muted">
        {worker.version} · last heard of <Time at={worker.heartbeat_at} />
      </p>
      {worker.jobs.length > 0 && (
        <ul className="mt-1.5 flex flex-wrap gap-1.5 pl-4.5">
          {worker.jobs.map((lease) => (
            <li key={lease.job_id}>
              <Link
                to="/jobs/$id"
                params={{ id: lease.job_id }}
                className="inline-flex h-6 items-center gap-1.5 rounded-md bg-sunken px-2 text-xs tabular-nums hover:bg-hover"
              >
                #{lease.job_id}
                {lease.lease_expires_at && <Lease until={lease.lease_expires_at} />}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** How long the daemon's claim holds unless it is renewed. */
function Lease({ until }: { until: string }) {
  const now = useNow();
  const left = secondsBetween(new Date(now).toISOString(), until);
  return <span className="text-muted">lease {left > 0 ? formatDuration(Math.round(left)) : 'lapsed'}</span>;
}
