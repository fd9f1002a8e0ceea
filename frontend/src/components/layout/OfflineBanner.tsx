import { CloudOff } from 'lucide-react';
import { useLiveState } from '@/live/LiveProvider';

export function OfflineBanner() {
  if (useLiveState() !== 'offline') return null;
  return (
    <div
      role="alert"
      className="border-b border-line bg-amber-soft px-4 py-2 text-sm text-amber sm:px-6 lg:px-8"
    >
      <CloudOff aria-hidden className="mr-2 inline size-4" />
      The API does not answer. You see what was known last; this page looks again every 5 seconds.
    </div>
  );
}
