import { useQuery } from '@tanstack/react-query';
import { jobEventsQuery } from '@/api/queries';
import type { Job, JobEvent } from '@/api/types';
import { Card } from '@/components/ui/Card';
import { Time } from '@/components/ui/Time';
import { sayActor, sayEvent } from './events';

/** What happened to the job, newest first. */
export function Timeline({ job }: { job: Job }) {
  const { data } = useQuery(jobEventsQuery(job.id));
  // An API of an earlier version keeps no trail: the moments that the job itself knows.
  const events = data?.items ?? momentsOf(job);
  return (
    <Card title="History">
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

function momentsOf(job: Job): Pick<JobEvent, 'id' | 'at' | 'action' | 'actor'>[] {
  const moments: [string, string | null | undefined][] = [
    [job.status.toLowerCase(), job.finished_at],
    ['claimed', job.started_at],
    ['created', job.created_at],
  ];
  return moments.flatMap(([action, at], id) => (at ? { id, at, action, actor: '' } : []));
}
