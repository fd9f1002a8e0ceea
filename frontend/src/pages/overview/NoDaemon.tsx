import { Unplug } from 'lucide-react';
import type { Stats, Worker } from '@/api/types';
import { Time } from '@/components/ui/Time';
import { formatCount } from '@/format/number';

/** Says it where jobs wait and nobody is there to take them up. */
export function NoDaemon({ workers, stats }: { workers: Worker[]; stats: Stats }) {
  const waiting = (stats.jobs.PENDING ?? 0) + (stats.jobs.EXECUTING ?? 0);
  if (waiting === 0 || workers.some(({ alive }) => alive)) return null;
  const last = workers
    .map(({ heartbeat_at }) => heartbeat_at)
    .toSorted()
    .at(-1);
  return (
    <div
      role="alert"
      className="flex items-start gap-3 rounded-xl border border-amber-solid/50 bg-amber-soft p-4"
    >
      <Unplug aria-hidden className="mt-0.5 size-4 shrink-0 text-amber" />
      <div className="text-sm">
        <p className="font-medium text-amber">No daemon is alive</p>
        <p>
          {waiting === 1 ? 'One job waits' : `${formatCount(waiting)} jobs wait`} until a{' '}
          <code className="font-mono text-xs">backfill-compute</code> runs
          {last && (
            <>
              ; the last one was heard of <Time at={last} />
            </>
          )}
          . Nothing is lost: each job goes on behind its last chunk.
        </p>
      </div>
    </div>
  );
}
