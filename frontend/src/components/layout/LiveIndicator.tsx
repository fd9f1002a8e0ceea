import { clsx } from 'clsx';
import { useLiveState } from '@/live/LiveProvider';
import type { LiveState } from '@/live/connection';

const STATES: Record<LiveState, { word: string; explanation: string; dot: string }> = {
  connecting: { word: 'Connecting', explanation: 'Connecting to the API', dot: 'bg-gray-solid' },
  live: { word: 'Live', explanation: 'Changes show at once', dot: 'bg-green-solid' },
  polling: {
    word: 'Polling',
    explanation: 'There is no live stream at present: changes show within 5 seconds',
    dot: 'bg-amber-solid',
  },
  offline: { word: 'Offline', explanation: 'The API does not answer', dot: 'bg-red-solid' },
};

export function LiveIndicator() {
  const { word, explanation, dot } = STATES[useLiveState()];
  return (
    <span role="status" title={explanation} className="flex items-center gap-2 text-xs text-muted">
      <span aria-hidden className={clsx('size-2 rounded-full', dot)} />
      {word}
    </span>
  );
}
