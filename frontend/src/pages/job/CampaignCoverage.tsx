import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { clsx } from 'clsx';
import { campaignCoverageQuery } from '@/api/queries';
import type { CoveredWindow, Job } from '@/api/types';
import { Card } from '@/components/ui/Card';
import { formatCount } from '@/format/number';

const LOOKS: Record<CoveredWindow['status'], string> = {
  none: 'bg-sunken ring-1 ring-line ring-inset',
  pending: 'bg-gray-solid/50',
  executing: 'bg-blue-solid',
  paused: 'bg-amber-solid',
  done: 'bg-green-solid',
  failed: 'bg-red-solid',
  cancelled: 'bg-gray-solid',
};

/** The campaign that the job copies a window for: each window is a link to its job. */
export function CampaignCoverage({ campaign, job }: { campaign: number; job: Job }) {
  const { data } = useQuery(campaignCoverageQuery(campaign));
  if (!data) return null;
  return (
    <Card title={`Campaign ${campaign}`} description="Its windows, each a job of its own">
      {data.tables.map(({ table_name, windows }) => (
        <div key={table_name} className="not-first:mt-3">
          <p className="mb-1.5 text-xs text-muted">
            {table_name} · {formatCount(windows.filter(({ status }) => status === 'done').length)} of{' '}
            {formatCount(windows.length)} done
          </p>
          <ol className="grid grid-cols-[repeat(auto-fill,minmax(24px,1fr))] gap-1">
            {windows.map((window) => (
              <li key={window.position}>
                <WindowCell window={window} current={window.job_id === job.id} />
              </li>
            ))}
          </ol>
        </div>
      ))}
    </Card>
  );
}

function WindowCell({ window, current }: { window: CoveredWindow; current: boolean }) {
  const name = `${nameOf(window)}: ${window.status}, ${formatCount(window.count_record)} rows`;
  const look = clsx(
    'block h-6 rounded-md',
    LOOKS[window.status],
    current && 'outline-2 outline-offset-1 outline-text',
  );
  if (window.job_id == null) return <span role="img" aria-label={name} title={name} className={look} />;
  return (
    <Link
      to="/jobs/$id"
      params={{ id: window.job_id }}
      aria-label={name}
      title={name}
      aria-current={current || undefined}
      className={look}
    />
  );
}

function nameOf({ lower, upper, is_null }: CoveredWindow) {
  return is_null ? 'NULL' : `${lower ?? 'the beginning'} to ${upper ?? 'the end'}`;
}
