import { Progress as Base } from '@base-ui/react/progress';
import { clsx } from 'clsx';
import type { Tone } from './Badge';

const TONES: Record<Tone, string> = {
  gray: 'bg-gray-solid',
  blue: 'bg-blue-solid',
  green: 'bg-green-solid',
  red: 'bg-red-solid',
  amber: 'bg-amber-solid',
};

interface ProgressProps {
  label: string;
  /** 0 to 1; `null` while it is not known. */
  share: number | null;
  tone?: Tone;
  className?: string;
}

export function Progress({ label, share, tone = 'blue', className }: ProgressProps) {
  return (
    <Base.Root
      aria-label={label}
      value={share === null ? null : share * 100}
      className={clsx('w-full', className)}
    >
      <Base.Track className="h-1.5 overflow-hidden rounded-full bg-line">
        <Base.Indicator
          className={clsx(
            'h-full rounded-full transition-[width] duration-300 data-indeterminate:w-1/4 data-indeterminate:animate-pulse',
            TONES[tone],
          )}
        />
      </Base.Track>
    </Base.Root>
  );
}
