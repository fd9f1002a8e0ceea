import type { ReactNode } from 'react';
import type { Job } from '@/api/types';
import { Badge } from '@/components/ui/Badge';
import { Card } from '@/components/ui/Card';
import { Code } from '@/components/ui/Code';
import { Time } from '@/components/ui/Time';
import { formatBytes, formatCount } from '@/format/number';
import { formatDuration } from '@/format/time';

const GUARANTEES = {
  snapshot: 'All rows as of one point in time',
  chunked: 'Each row as of the moment when its chunk was read',
} as const;

const MODES: Record<Job['write_mode'], string> = {
  append: 'Append: rows are added',
  upsert: 'Upsert: keys that are there get the new row',
  insert_missing: 'Insert missing: keys that are there keep their row',
  replace: 'Replace: all other rows go',
};

/** What it was told, and how it goes about it. */
export function PlanCard({ job }: { job: Job }) {
  const { plan, limits } = job;
  return (
    <Card title="Plan" actions={plan && <Badge>{plan.guarantee}</Badge>}>
      {plan ? (
        <>
          <p className="text-sm">{plan.explanation}</p>
          <p className="mt-1 text-xs text-muted">{GUARANTEES[plan.guarantee]}.</p>
        </>
      ) : (
        <p className="text-sm text-muted">Is made when a daemon takes the job up.</p>
      )}
      <dl className="mt-4 space-y-2 text-sm">
        <Entry name="Writes">{MODES[job.write_mode]}</Entry>
        <Entry name="Columns">{job.columns ? job.columns.map(columnText).join(', ') : 'All'}</Entry>
        {job.verification !== 'checksum' && <Entry name="Compares">{job.verification}</Entry>}
        {job.snapshot_age_seconds != null && (
          <Entry name="Snapshot">{formatDuration(Math.round(job.snapshot_age_seconds))} old</Entry>
        )}
        {limits.rows_per_second != null && (
          <Entry name="At most">{formatCount(limits.rows_per_second)} rows a second</Entry>
        )}
        {limits.bytes_per_second != null && (
          <Entry name="At most">{formatBytes(limits.bytes_per_second)} a second</Entry>
        )}
        {job.priority !== 0 && <Entry name="Priority">{job.priority}</Entry>}
        {job.status === 'PENDING' && (
          <Entry name="Not before">
            <Time at={job.run_after} />
          </Entry>
        )}
        {plan && plan.sections.length > 1 && (
          <Entry name="Parts">
            {plan.sections.map(({ relation, strategy }) => (
              <span key={`${relation} ${strategy}`} className="block">
                {relation} <span className="text-muted">by {strategy.replace('_', ' ')}</span>
              </span>
            ))}
          </Entry>
        )}
      </dl>
      {job.filter_sql && (
        <div className="mt-4">
          <Code label="Only rows with" text={job.filter_sql} />
        </div>
      )}
    </Card>
  );
}

const columnText = ({ name, as }: NonNullable<Job['columns']>[number]) => (as ? `${name} as ${as}` : name);

const Entry = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="grid grid-cols-[6rem_minmax(0,1fr)] gap-3">
    <dt className="text-muted">{name}</dt>
    <dd className="wrap-anywhere">{children}</dd>
  </div>
);
