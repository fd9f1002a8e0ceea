import { expect, test } from 'vitest';
import type { Source } from '@/api/types';
import { countLimits } from './limits';
import { draftOf, requestOf } from './sourceForm';

const shop = {
  id: 1,
  name: 'shop',
  host: 'db.example',
  port: 6432,
  database: 'shop',
  username: 'reader',
  sslmode: 'require',
  limits: {
    max_jobs: 2,
    max_connections: null,
    rows_per_second: null,
    bytes_per_second: 2_500_000,
    statement_timeout_seconds: 60,
    lock_timeout_seconds: null,
    idle_in_transaction_timeout_seconds: null,
    back_off: {
      max_lock_waiters: 5,
      max_replication_lag_seconds: null,
      max_xmin_age: null,
      min_free_connections: null,
    },
    quiet_hours: { time_zone: 'Europe/Berlin', windows: [{ days: ['mon'], from: '08:00', to: '18:30' }] },
    run_hours: { time_zone: 'UTC', windows: [{ days: [], from: '00:00', to: '06:00' }] },
  },
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
} satisfies Source;

test('a stored source that is saved as it is shown stays as it is', () => {
  const { limits, ...request } = requestOf(draftOf(shop), shop);
  expect(request).toEqual({
    name: 'shop',
    host: 'db.example',
    port: 6432,
    database: 'shop',
    username: 'reader',
    password: null,
    sslmode: 'require',
  });
  expect(limits).toEqual(shop.limits);
});

test('a source is given as a URL or in parts, never both', () => {
  const draft = { ...draftOf(), name: 'new', url: ' postgres://u@h/d ', host: 'left over' };
  expect(requestOf(draft)).toMatchObject({ name: 'new', url: 'postgres://u@h/d' });
  expect(requestOf(draft)).not.toHaveProperty('host');
  expect(requestOf({ ...draft, by: 'parts' })).not.toHaveProperty('url');
});

test('a field that is emptied takes its limit off', () => {
  const draft = draftOf(shop);
  draft.limits = { ...draft.limits, max_jobs: '', quiet: [] };
  expect(requestOf(draft, shop).limits).toMatchObject({ max_jobs: null, quiet_hours: null });
});

test('limits are counted', () => {
  expect(countLimits(shop.limits)).toBe(6);
  expect(countLimits(draftOfLimits())).toBe(0);
});

const draftOfLimits = () =>
  ({
    ...shop.limits,
    max_jobs: null,
    bytes_per_second: null,
    statement_timeout_seconds: null,
    quiet_hours: null,
    run_hours: null,
    back_off: { ...shop.limits.back_off, max_lock_waiters: null },
  }) satisfies Source['limits'];
