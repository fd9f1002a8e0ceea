import { Link } from '@tanstack/react-router';
import { clsx } from 'clsx';
import type { ReactNode } from 'react';
import type { JobStatus, Stats } from '@/api/types';
import { Skeleton } from '@/components/ui/Skeleton';
import { formatBytes, formatCount, formatRate } from '@/format/number';
import { formatDuration } from '@/format/time';

/** The queue in five numbers, each leading to its jobs. */
export function QueueTiles({ stats }: { stats: Stats | undefined }) {
  return (
    <div className="grid grid-cols-2 gap-px overflow-hidden rounded-xl border border-line bg-line shadow-card sm:grid-cols-3 xl:grid-cols-5">
      <Tile label="Copying" value={stats && `${formatRate(stats.rows_per_second)} rows/s`} wide>
        {stats && `${formatBytes(stats.bytes_per_second)}/s over all jobs`}
      </Tile>
      <StatusTile label="Executing" status="EXECUTING" stats={stats} />
      <StatusTile label="Pending" status="PENDING" stats={stats}>
        {stats?.oldest_pending_seconds != null &&
          `longest for ${formatDuration(stats.oldest_pending_seconds)}`}
      </StatusTile>
      <StatusTile label="Paused" status="PAUSED" stats={stats} />
      <StatusTile label="Failed" status="FAILED" stats={stats} alarming />
    </div>
  );
}

interface StatusTileProps {
  label: string;
  status: JobStatus;
  stats: Stats | undefined;
  alarming?: boolean;
  children?: ReactNode;
}

function StatusTile({ label, status, stats, alarming, children }: StatusTileProps) {
  const count = stats?.jobs[status] ?? 0;
  return (
    <Link
      to="/jobs"
      search={{ status: [status] }}
      className="group bg-surface -outline-offset-2 hover:bg-hover"
    >
      <Tile label={label} value={stats && formatCount(count)} alarming={alarming && count > 0}>
        {children}
      </Tile>
    </Link>
  );
}

interface TileProps {
  label: string;
  value: string | undefined;
  wide?: boolean;
  alarming?: boolean;
  children?: ReactNode;
}

function Tile({ label, value, wide, alarming, children }: TileProps) {
  return (
    <div
      className={clsx(
        'h-full px-4 py-3.5 sm:px-5',
        wide && 'col-span-2 bg-surface sm:col-span-2 xl:col-span-1',
      )}
    >
      <p className="text-xs text-muted">{label}</p>
      <p
        className={clsx(
          'mt-1 text-xl leading-7 font-semibold tracking-tight tabular-nums',
          alarming && 'text-red',
        )}
      >
        {value ?? <Skeleton className="my-1 h-5 w-16" />}
      </p>
      <p className="min-h-4 text-xs text-muted tabular-nums">{children}</p>
    </div>
  );
}
