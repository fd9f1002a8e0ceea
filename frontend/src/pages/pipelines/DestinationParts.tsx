import { clsx } from 'clsx';
import {
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleSlash,
  CircleX,
  LoaderCircle,
  ShieldAlert,
  ShieldCheck,
  type LucideIcon,
} from 'lucide-react';
import type { Job, JobDestination, JobStatus } from '@/api/types';
import { statusWord } from '@/components/ui/Badge';

/** How each destination of a job stands, and whether what it holds was compared with the source. */
export function DestinationParts({ job }: { job: Job }) {
  return (
    <ul aria-label="Destinations" className="flex flex-wrap gap-x-3 gap-y-1 text-xs">
      {job.destinations.map((part) => (
        <li key={part.destination_id} className="flex min-w-0 items-center gap-1" title={describe(part)}>
          <PartIcon part={part} />
          <span className="truncate">{part.name}</span>
          <span className="sr-only">{describe(part)}</span>
        </li>
      ))}
    </ul>
  );
}

const ICONS: Record<JobStatus, [LucideIcon, string]> = {
  PENDING: [CircleDashed, 'text-muted'],
  EXECUTING: [LoaderCircle, 'text-blue animate-spin'],
  PAUSED: [CirclePause, 'text-amber'],
  COMPLETED: [CircleCheck, 'text-green'],
  FAILED: [CircleX, 'text-red'],
  CANCELLED: [CircleSlash, 'text-muted'],
};

function PartIcon({ part }: { part: JobDestination }) {
  const [Icon, look] =
    part.verified === true
      ? ([ShieldCheck, 'text-green'] as const)
      : part.verified === false
        ? ([ShieldAlert, 'text-red'] as const)
        : ICONS[part.status];
  return <Icon aria-hidden className={clsx('size-3.5 shrink-0', look)} />;
}

function describe({ status, verified, error_message }: JobDestination): string {
  const comparison = verified == null ? [] : [verified ? 'verified' : 'differs from the source'];
  return [statusWord(status), ...comparison, ...(error_message ? [error_message] : [])].join(', ');
}
