import { useQuery } from '@tanstack/react-query';
import { jobEventsQuery } from '@/api/queries';
import type { Job } from '@/api/types';
import { Card } from '@/components/ui/Card';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Time } from '@/components/ui/Time';
import { sayActor, sayEvent } from './events';

/** What happened to the job, newest first. */
export function Timeline({ job }: { job: Job }) {
  const { data, error, refetch } = useQuery(jobEventsQuery(job.id));
  const events = [...(data?.items ?? [])].reverse();
  return (
    <Card title="History">
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      <ol className="relative space-y-3 before:absolute before:top-2 before:bottom-2 before:left-[3px] before:w-px before:bg-line">
        {events.map((event) => {
          const { words, detail, colour } = sayEvent(event);
          return (
            <li key={event.id} className="relative pl-5">
              <span aria-hidden className={`absolute top-1.5 left-0 size-[7px] rounded-full ${colour}`} />
              <p className="text-sm">{words}</p>
              {detail && <p className="text-xs wrap-anywhere text-muted">{detail}</p>}
              <p className="text-xs text-muted">
                <Time at={event.at} />
                {sayActor(event)}
              </p>
            </li>
          );
        })}
      </ol>
    </Card>
  );
}
