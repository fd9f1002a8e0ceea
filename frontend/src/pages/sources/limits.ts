import type { SourceLimits, Weekday } from '@/api/types';
import { numberOf, textOf } from '@/forms/numbers';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const satisfies Weekday[];

export interface QuietWindow {
  days: Weekday[];
  from: string;
  to: string;
}

/** A source's limits as the form holds them: texts, empty where there is no limit. */
export interface LimitsDraft {
  max_jobs: string;
  max_connections: string;
  rows_per_second: string;
  megabytes_per_second: string;
  max_replication_lag_seconds: string;
  max_xmin_age: string;
  max_lock_waiters: string;
  min_free_connections: string;
  quiet_zone: string;
  quiet: QuietWindow[];
}

const MEGABYTE = 1_000_000;

export function draftOf(limits?: SourceLimits): LimitsDraft {
  const bytes = limits?.bytes_per_second;
  return {
    max_jobs: textOf(limits?.max_jobs),
    max_connections: textOf(limits?.max_connections),
    rows_per_second: textOf(limits?.rows_per_second),
    megabytes_per_second: textOf(bytes == null ? null : bytes / MEGABYTE),
    max_replication_lag_seconds: textOf(limits?.back_off.max_replication_lag_seconds),
    max_xmin_age: textOf(limits?.back_off.max_xmin_age),
    max_lock_waiters: textOf(limits?.back_off.max_lock_waiters),
    min_free_connections: textOf(limits?.back_off.min_free_connections),
    quiet_zone: limits?.quiet_hours?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    quiet: (limits?.quiet_hours?.windows ?? []).map(({ days = [], from, to }) => ({ days, from, to })),
  };
}

/** What the form says, and of `stored` what it does not show. */
export function limitsOf(draft: LimitsDraft, stored?: SourceLimits): Partial<SourceLimits> {
  const megabytes = numberOf(draft.megabytes_per_second);
  return {
    ...stored,
    max_jobs: numberOf(draft.max_jobs),
    max_connections: numberOf(draft.max_connections),
    rows_per_second: numberOf(draft.rows_per_second),
    bytes_per_second: megabytes === null ? null : Math.round(megabytes * MEGABYTE),
    back_off: {
      max_replication_lag_seconds: numberOf(draft.max_replication_lag_seconds),
      max_xmin_age: numberOf(draft.max_xmin_age),
      max_lock_waiters: numberOf(draft.max_lock_waiters),
      min_free_connections: numberOf(draft.min_free_connections),
    },
    quiet_hours: draft.quiet.length > 0 ? { time_zone: draft.quiet_zone, windows: draft.quiet } : null,
  };
}

/** How many limits a source has, for its line in the list. */
export function countLimits(limits: SourceLimits): number {
  const { back_off, ...others } = limits;
  return [...Object.values(others), ...Object.values(back_off)].filter((limit) => limit !== null).length;
}
