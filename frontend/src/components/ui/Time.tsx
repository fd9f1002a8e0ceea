import { formatDateTime, formatRelative } from '@/format/time';
import { useNow } from './useNow';

/** A moment as people say it; the exact one, in the viewer's zone, when they point at it. */
export function Time({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatDateTime(at)}>
      {formatRelative(at, now)}
    </time>
  );
}
