import type { Source, SourceRequest, SslMode } from '@/api/types';
import { numberOf } from '@/forms/numbers';
import { draftOf as limitsDraftOf, limitsOf, type LimitsDraft } from './limits';

/** A source as the form holds it: given as a URL or in parts. */
export interface SourceDraft {
  name: string;
  by: 'url' | 'parts';
  url: string;
  host: string;
  port: string;
  database: string;
  username: string;
  password: string;
  sslmode: SslMode;
  limits: LimitsDraft;
}

/** A stored source is shown in parts: its password is not given out, so that there is no URL to show. */
export function draftOf(source?: Source): SourceDraft {
  return {
    name: source?.name ?? '',
    by: source ? 'parts' : 'url',
    url: '',
    host: source?.host ?? '',
    port: String(source?.port ?? 5432),
    database: source?.database ?? '',
    username: source?.username ?? '',
    password: '',
    sslmode: source?.sslmode ?? 'prefer',
    limits: limitsDraftOf(source?.limits),
  };
}

export function requestOf(draft: SourceDraft, stored?: Source): SourceRequest {
  const limits = limitsOf(draft.limits, stored?.limits) as SourceRequest['limits'];
  if (draft.by === 'url') return { name: draft.name, url: draft.url.trim(), limits };
  return {
    name: draft.name,
    host: draft.host.trim(),
    port: numberOf(draft.port),
    database: draft.database.trim(),
    username: draft.username.trim(),
    // Left out, the stored one stays.
    password: draft.password === '' ? null : draft.password,
    sslmode: draft.sslmode,
    limits,
  };
}

const LIMITS = [
  'max_jobs',
  'max_connections',
  'rows_per_second',
  'bytes_per_second',
  'back_off.max_replication_lag_seconds',
  'back_off.max_xmin_age',
  'back_off.max_lock_waiters',
  'back_off.min_free_connections',
  'quiet_hours',
].map((name) => `limits.${name}`);

/** The fields of the request at which the form shows what is wrong. */
export const shownFields = (by: SourceDraft['by']) => [
  'name',
  ...(by === 'url' ? ['url'] : ['host', 'port', 'database', 'username', 'password', 'sslmode']),
  ...LIMITS,
];
