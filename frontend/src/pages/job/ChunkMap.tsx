import { clsx } from 'clsx';
import { memo, useMemo, useState } from 'react';
import type { Job } from '@/api/types';
import { Card } from '@/components/ui/Card';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Skeleton } from '@/components/ui/Skeleton';
import { formatBytes, formatCount } from '@/format/number';
import { formatClock } from '@/format/time';
import { ChunkTable } from './ChunkTable';
import { cellsOf, chunksToCome, countStates, rangeOf, type Cell, type CellState } from './chunks';
import { useChunks } from './useChunks';

const STATES: Record<CellState, { word: string; look: string }> = {
  done: { word: 'done', look: 'bg-green-solid' },
  equal: { word: 'equal to the source', look: 'bg-green-solid ring-1 ring-green ring-inset' },
  copying: { word: 'copying', look: 'bg-blue-solid animate-pulse' },
  differs: { word: 'differ from the source', look: 'bg-red-solid' },
};

const MOST_CELLS = 1200;
/** Cells that are drawn at most for what is still to come. */
const MOST_TO_COME = 300;

/** Which ranges of the table are done, which are under way, and which differ. */
export function ChunkMap({ job }: { job: Job }) {
  const { chunks, total, isPending, error, refetch } = useChunks(job);
  const cells = useMemo(() => cellsOf(chunks, MOST_CELLS), [chunks]);
  const counts = useMemo(() => countStates(chunks), [chunks]);
  const open = job.status !== 'COMPLETED' && job.total_record != null;
  const left = open ? chunksToCome(chunks, Math.max(0, (job.total_record ?? 0) - job.count_record)) : null;

  if (error && chunks.length === 0) {
    return (
      <Card title="Chunks">
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      </Card>
    );
  }
  return (
    <Card title="Chunks" description={isPending ? undefined : summary(total, counts, left)}>
      {isPending ? (
        <Skeleton className="h-10 w-full" />
      ) : total === 0 ? (
        <p className="text-sm text-muted">
          None yet. A table without primary key is one chunk, which shows when it is nearly done.
        </p>
      ) : (
        <>
          <Cells cells={cells} toCome={Math.min(left ?? 0, MOST_TO_COME)} job={job} />
          {chunks.length < total && (
            <p className="mt-2 text-xs text-muted">
              The map shows the first {formatCount(chunks.length)} of {formatCount(total)} chunks.
            </p>
          )}
          <ChunkTable chunks={chunks} plan={job.plan ?? null} />
        </>
      )}
    </Card>
  );
}

function summary(total: number, counts: Record<CellState, number>, left: number | null) {
  const parts = (Object.keys(STATES) as CellState[])
    .filter((state) => counts[state] > 0)
    .map((state) => `${formatCount(counts[state])} ${STATES[state].word}`);
  if (left) parts.push(`about ${formatCount(left)} to come`);
  return total === 0 ? undefined : parts.join(' · ');
}

const Cells = memo(function Cells({ cells, toCome, job }: { cells: Cell[]; toCome: number; job: Job }) {
  const [pointed, setPointed] = useState<number | null>(null);
  const cell = pointed === null ? undefined : cells[pointed];
  return (
    <>
      <div
        role="img"
        aria-label="Map of the chunks; the same is in the table below"
        className="grid grid-cols-[repeat(auto-fill,minmax(11px,1fr))] gap-[3px]"
        onPointerMove={({ target }) => {
          const place = target instanceof HTMLElement ? target.dataset.cell : undefined;
          setPointed(place === undefined ? null : Number(place));
        }}
        onPointerLeave={() => setPointed(null)}
      >
        {cells.map(({ first, state }, place) => (
          <span
            key={first.number}
            data-cell={place}
            className={clsx('h-4 rounded-[3px] hover:opacity-70', STATES[state].look)}
          />
        ))}
        {Array.from({ length: toCome }, (_, place) => (
          <span
            key={`to come ${place}`}
            className="h-4 rounded-[3px] bg-sunken ring-1 ring-line ring-inset"
          />
        ))}
      </div>
      <p className="mt-2 min-h-4 truncate text-xs text-muted tabular-nums">{cell && describe(cell, job)}</p>
    </>
  );
});

function describe({ first, last, rows, bytes, state }: Cell, job: Job) {
  const names = first === last ? `Chunk ${first.number}` : `Chunks ${first.number} to ${last.number}`;
  const relation =
    (job.plan?.sections.length ?? 0) > 1 ? job.plan?.sections[first.section]?.relation : undefined;
  const finished = last.finished_at && `at ${formatClock(last.finished_at)}`;
  return [
    names,
    relation,
    rangeOf(first, last),
    `${formatCount(rows)} rows, ${formatBytes(bytes)}`,
    [STATES[state].word, finished].filter(Boolean).join(' '),
  ]
    .filter(Boolean)
    .join(' · ');
}
