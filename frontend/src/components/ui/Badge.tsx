import { clsx } from 'clsx';
import {
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleSlash,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobStatus } from '@/api/types';

export type Tone = 'gray' | 'blue' | 'green' | 'red' | 'amber';

const TONES: Record<Tone, string> = {
  gray: 'bg-gray-soft text-gray',
  blue: 'bg-blue-soft text-blue',
  green: 'bg-green-soft text-green',
  red: 'bg-red-soft text-red',
  amber: 'bg-amber-soft text-amber',
};

interface BadgeProps {
  tone?: Tone;
  icon?: LucideIcon;
  spins?: boolean;
  children: ReactNode;
}

export function Badge({ tone = 'gray', icon: Icon, spins, children }: BadgeProps) {
  return (
    <span
      className={clsx(
        'inline-flex h-6 items-center gap-1.5 rounded-full px-2 text-xs font-medium whitespace-nowrap',
        TONES[tone],
      )}
    >
      {Icon && <Icon aria-hidden className={clsx('size-3.5', spins && 'animate-spin')} />}
      {children}
    </span>
  );
}

const STATUS: Record<JobStatus, { tone: Tone; icon: LucideIcon; word: string }> = {
  PENDING: { tone: 'gray', icon: CircleDashed, word: 'Pending' },
  EXECUTING: { tone: 'blue', icon: LoaderCircle, word: 'Executing' },
  COMPLETED: { tone: 'green', icon: CircleCheck, word: 'Completed' },
  FAILED: { tone: 'red', icon: CircleX, word: 'Failed' },
  CANCELLED: { tone: 'gray', icon: CircleSlash, word: 'Cancelled' },
  PAUSED: { tone: 'amber', icon: CirclePause, word: 'Paused' },
};

export const statusWord = (status: JobStatus) => STATUS[status].word;

/** A state by icon, colour and word, any of which is enough to tell it. */
export function StatusBadge({ status }: { status: JobStatus }) {
  const { tone, icon, word } = STATUS[status];
  return (
    <Badge tone={tone} icon={icon} spins={status === 'EXECUTING'}>
      {word}
    </Badge>
  );
}
