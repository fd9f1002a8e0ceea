import type { Job, Task } from '@/api/types';
import { StatusBadge } from '@/components/ui/Badge';

const TASKS: Record<Task, string | null> = {
  copy: null,
  verify: 'verifying',
  repair: 'repairing',
  replay: 'replaying mended rows',
};

/** A job's state, and beside it what is going on within it. */
export function JobStatusBadge({ job }: { job: Job }) {
  const remark = remarkOn(job);
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <StatusBadge status={job.status} />
      {remark && <span className="text-xs text-muted">{remark}</span>}
    </span>
  );
}

function remarkOn(job: Job) {
  if (job.status === 'EXECUTING' && job.cancel_requested_at) return 'being cancelled…';
  if (job.status === 'EXECUTING' && job.pause_requested_at) return 'stopping…';
  return job.status === 'COMPLETED' ? null : TASKS[job.task];
}
