import { expect, test } from 'vitest';
import type { Job } from '@/api/types';
import { actionsFor, expected } from './actions';

const job = (changes: Partial<Job>) =>
  ({ id: 1, destinations: [], waiting: null, ...changes }) as unknown as Job;
const now = '2026-01-01T00:00:00Z';

test('a job that is being stopped is not stopped twice', () => {
  expect(actionsFor(job({ status: 'EXECUTING' }))).toEqual(['pause', 'cancel']);
  expect(actionsFor(job({ status: 'EXECUTING', pause_requested_at: now }))).toEqual(['cancel']);
  expect(actionsFor(job({ status: 'EXECUTING', cancel_requested_at: now }))).toEqual([]);
});

test('repair is offered first where something differs, and only there', () => {
  const destination = {
    destination_id: 1,
    name: 'dwh',
    type: 'postgres',
    status: 'COMPLETED',
    count_record: 1,
    quarantined: 0,
    nulled: 0,
  } as const;
  const completed = (verified: boolean) =>
    job({ status: 'COMPLETED', destinations: [{ ...destination, verified }] });
  expect(actionsFor(completed(true))).toEqual(['verify', 'delete']);
  expect(actionsFor(completed(false))).toEqual(['repair', 'verify', 'delete']);
});

test('a running job only shows that it was asked to stop, a waiting one stops at once', () => {
  expect(expected(job({ status: 'EXECUTING' }), 'cancel', now)).toMatchObject({
    status: 'EXECUTING',
    cancel_requested_at: now,
  });
  expect(expected(job({ status: 'PENDING' }), 'cancel', now).status).toBe('CANCELLED');
  expect(expected(job({ status: 'FAILED', error_message: 'x' }), 'retry', now)).toMatchObject({
    status: 'PENDING',
    error_message: null,
  });
});
