import { clsx } from 'clsx';
import { Eye, LoaderCircle, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Plan, Preview, TargetPreview } from '@/api/types';
import { Code } from '@/components/ui/Code';
import { Skeleton } from '@/components/ui/Skeleton';
import { Table, Td, Th } from '@/components/ui/Table';
import { formatBytes, formatCount } from '@/format/number';
import { formatDuration } from '@/format/time';

interface PreviewPaneProps {
  preview: Preview | undefined;
  /** Whether another is on its way. */
  isOutdated: boolean;
  /** Why there is none, in place of one. */
  reason?: ReactNode;
}

/** What would be done, before anything is. */
export function PreviewPane({ preview, isOutdated, reason }: PreviewPaneProps) {
  return (
    <section aria-label="Preview" aria-busy={isOutdated} className="min-w-0 rounded-xl bg-sunken p-4">
      <h3 className="flex items-center gap-2 text-sm font-semibold">
        Preview
        {isOutdated && !reason && (
          <LoaderCircle aria-label="Being worked out" className="size-3.5 animate-spin text-muted" />
        )}
      </h3>
      {reason ? (
        <div className="flex flex-col items-center gap-2 px-4 py-10 text-center text-sm text-balance text-muted">
          <Eye aria-hidden className="size-5" />
          {reason}
        </div>
      ) : preview ? (
        <div className={clsx('mt-3 space-y-4 transition-opacity', isOutdated && 'opacity-60')}>
          <Estimates preview={preview} />
          <Warnings preview={preview} />
          <PlanText plan={preview.plan} />
          <Code wraps label="What is read" text={preview.sql.join(';\n\n')} />
          {preview.destinations.map((target) => (
            <Target key={target.destination_id} target={target} />
          ))}
          <SampleRows preview={preview} />
        </div>
      ) : (
        <div role="status" aria-label="Working the preview out" className="mt-3 space-y-3">
          <Skeleton className="h-14" />
          <Skeleton className="h-10" />
          <Skeleton className="h-32" />
        </div>
      )}
    </section>
  );
}

function Estimates({ preview }: { preview: Preview }) {
  const facts: [string, string][] = [
    ['Rows', `≈ ${formatCount(preview.estimated_rows)}`],
    ['Size', preview.estimated_bytes == null ? 'unknown' : `≈ ${formatBytes(preview.estimated_bytes)}`],
    [
      'Duration',
      preview.estimated_seconds == null
        ? 'no job to go by'
        : `≈ ${formatDuration(preview.estimated_seconds)}`,
    ],
    ['Chunks', `≈ ${formatCount(preview.estimated_chunks)}`],
  ];
  return (
    <dl className="grid grid-cols-2 gap-2">
      {facts.map(([name, value]) => (
        <div key={name} className="rounded-lg bg-surface px-3 py-2">
          <dt className="text-2xs text-muted">{name}</dt>
          <dd className="text-sm font-medium tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is good to know, and what would stop the job. */
function Warnings({ preview }: { preview: Preview }) {
  const stops = preview.destinations.flatMap(({ name, differences }) =>
    differences.map((difference) => `${name}: ${difference}`),
  );
  if (preview.warnings.length === 0 && stops.length === 0) return null;
  return (
    <ul className="space-y-1.5 text-sm">
      {stops.map((text) => (
        <Warning key={text} className="bg-red-soft text-red">
          {text}
        </Warning>
      ))}
      {preview.warnings.map((text) => (
        <Warning key={text} className="bg-amber-soft text-amber">
          {text}
        </Warning>
      ))}
    </ul>
  );
}

function Warning({ className, children }: { className: string; children: string }) {
  return (
    <li className={clsx('flex items-start gap-2 rounded-lg px-3 py-2', className)}>
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="min-w-0 wrap-anywhere text-text">{children}</span>
    </li>
  );
}

const GUARANTEES: Record<Plan['guarantee'], string> = {
  snapshot: 'All rows are as they were at one moment.',
  chunked: 'Each chunk is of one moment.',
};

function PlanText({ plan }: { plan: Plan }) {
  return (
    <p className="text-sm text-muted">
      {plan.explanation} <span className="font-medium text-text">{GUARANTEES[plan.guarantee]}</span>
    </p>
  );
}

function Target({ target }: { target: TargetPreview }) {
  if (target.statements.length > 0) {
    return (
      <Code wraps label={`What is made at ${target.name}`} text={`${target.statements.join(';\n\n')};`} />
    );
  }
  const state = target.exists ? 'which is there already' : 'made where it is absent';
  return (
    <p className="text-sm text-muted">
      {target.name}: to <code className="font-mono text-xs wrap-anywhere text-text">{target.target}</code>,{' '}
      {state}.
    </p>
  );
}

function SampleRows({ preview: { sample } }: { preview: Preview }) {
  if (sample.rows.length === 0) return <p className="text-sm text-muted">No row was found for a sample.</p>;
  return (
    <div>
      <h4 className="mb-1.5 text-xs text-muted">Some of the rows</h4>
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        <Table label="Some of the rows" className="text-xs">
          <thead>
            <tr>
              {sample.columns.map((name) => (
                <Th key={name}>{name}</Th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sample.rows.map((row, number) => (
              <tr key={number}>
                {row.map((value, at) => (
                  <Td key={sample.columns[at]} className="max-w-60 truncate py-1.5 font-mono">
                    {value ?? <span className="text-muted">NULL</span>}
                  </Td>
                ))}
              </tr>
            ))}
          </tbody>
        </Table>
      </div>
    </div>
  );
}
