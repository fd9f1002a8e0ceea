import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Job, JobList } from '@/api/types';
import { LiveCache } from './cache';

const job = (changes: Partial<Job>) =>
  ({ id: 1, status: 'EXECUTING', count_record: 0, updated_at: '2026-01-01T00:00:00Z', ...changes }) as Job;

function setUp() {
  const client = new QueryClient();
  const invalidate = vi.spyOn(client, 'invalidateQueries').mockResolvedValue();
  client.setQueryData(['jobs', 'one', 1], job({}));
  client.setQueryData(['jobs', 'list', {}], { total: 2, items: [job({ id: 2 }), job({})] });
  const cache = new LiveCache(client);
  return {
    tell: (changes: Partial<Job>) => cache.apply('job', JSON.stringify(job(changes))),
    remove: (id: number) => cache.apply('deleted', JSON.stringify({ id })),
    one: () => client.getQueryData<Job>(['jobs', 'one', 1]),
    list: () => client.getQueryData<JobList>(['jobs', 'list', {}]),
    invalidated: () => invalidate.mock.calls.map(([filters]) => filters?.queryKey?.join('/')),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('progress shows at once, on the job and in its place in lists', () => {
  const { tell, one, list } = setUp();
  tell({ count_record: 70, updated_at: '2026-01-01T00:00:01Z' });
  expect(one()?.count_record).toBe(70);
  expect(list()?.items.map((item) => item.count_record)).toEqual([0, 70]);
});

test('an event that is older than what is known changes nothing', () => {
  const { tell, one } = setUp();
  tell({ count_record: 70, updated_at: '2025-12-31T23:59:59Z' });
  expect(one()?.count_record).toBe(0);
});

test('lists are fetched again only where a state changes, once for many events', () => {
  const { tell, invalidated } = setUp();
  for (let rows = 1; rows <= 50; rows += 1) tell({ count_record: rows });
  vi.runAllTimers();
  expect(invalidated()).toEqual(['jobs/detail/1', 'stats']);

  tell({ status: 'COMPLETED' });
  tell({ id: 9 }); // a job that nobody has seen yet
  vi.runAllTimers();
  expect(invalidated().slice(2)).toEqual([
    'jobs/detail/1',
    'stats',
    'jobs/list',
    'workers',
    'jobs/one/9',
    'jobs/detail/9',
  ]);
});

test('a deleted job leaves the lists', () => {
  const { remove, invalidated } = setUp();
  remove(1);
  vi.runAllTimers();
  expect(invalidated()).toEqual(['jobs/list', 'jobs/one/1', 'stats']);
});
