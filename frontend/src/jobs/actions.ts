import {
  CirclePause,
  CirclePlay,
  CircleX,
  RotateCw,
  ShieldCheck,
  Trash2,
  Wrench,
  type LucideIcon,
} from 'lucide-react';
import type { Job } from '@/api/types';

export type JobAction = 'pause' | 'resume' | 'retry' | 'verify' | 'repair' | 'cancel' | 'delete';

/** What can be done with a job in its state, the likeliest first. The API has the last word. */
export function actionsFor(job: Job): JobAction[] {
  switch (job.status) {
    case 'PENDING':
      return ['pause', 'cancel', 'delete'];
    case 'EXECUTING':
      if (job.cancel_requested_at) return [];
      return job.pause_requested_at ? ['cancel'] : ['pause', 'cancel'];
    case 'PAUSED':
      return ['resume', 'cancel', 'delete'];
    case 'CANCELLED':
      return ['resume', 'delete'];
    case 'FAILED':
      return ['retry', 'delete'];
    case 'COMPLETED':
      return differs(job) ? ['repair', 'verify', 'delete'] : ['verify', 'delete'];
  }
}

/** Whether a look has found that a destination differs from the source. */
export const differs = (job: Job) => job.destinations.some(({ verified }) => verified === false);

/** Whether every destination was compared with what was read, and found equal. */
export const isVerified = (job: Job) => job.destinations.every(({ verified }) => verified === true);

/** How the job will look once the action is done, shown until the API has answered. */
export function expected(job: Job, action: JobAction, now: string): Job {
  const executing = job.status === 'EXECUTING';
  switch (action) {
    case 'pause':
      return executing ? { ...job, pause_requested_at: now } : { ...job, status: 'PAUSED', waiting: null };
    case 'cancel':
      return executing
        ? { ...job, cancel_requested_at: now }
        : { ...job, status: 'CANCELLED', waiting: null };
    case 'resume':
    case 'retry':
      return { ...job, status: 'PENDING', error_message: null, finished_at: null };
    case 'verify':
    case 'repair':
      return { ...job, status: 'PENDING', task: action, finished_at: null };
    case 'delete':
      return job;
  }
}

interface Description {
  label: string;
  icon: LucideIcon;
  danger?: boolean;
  /** What a toast says when it has been done. */
  done: string;
  /** What to ask before, where data or work is at stake. */
  confirm?: { title: string; text: string[] };
}

export const ACTIONS: Record<JobAction, Description> = {
  pause: { label: 'Pause', icon: CirclePause, done: 'Pausing: it stops behind the chunk at hand' },
  resume: { label: 'Resume', icon: CirclePlay, done: 'Resumed: it goes on behind its last chunk' },
  retry: { label: 'Retry', icon: RotateCw, done: 'Trying again, behind its last chunk' },
  verify: { label: 'Verify again', icon: ShieldCheck, done: 'Comparing the destinations with the source' },
  repair: {
    label: 'Repair',
    icon: Wrench,
    done: 'Repairing the chunks that differ',
    confirm: {
      title: 'Repair the chunks that differ?',
      text: [
        'Rows of these chunks are read from the source once more and written over those that the destinations hold.',
        'Where somebody has changed rows at a destination on purpose, their changes are lost. Other chunks are not touched.',
      ],
    },
  },
  cancel: {
    label: 'Cancel',
    icon: CircleX,
    danger: true,
    done: 'Cancelled',
    confirm: {
      title: 'Cancel this job?',
      text: [
        'The chunk at hand is given up. Rows that have been committed stay at the destinations, and you can resume the job later.',
      ],
    },
  },
  delete: {
    label: 'Delete',
    icon: Trash2,
    danger: true,
    done: 'Deleted',
    confirm: {
      title: 'Delete this job?',
      text: [
        'Its record goes, with its chunks, quarantined rows and history: it cannot be resumed or verified any more.',
        'Rows that it has copied stay at the destinations.',
      ],
    },
  },
};
