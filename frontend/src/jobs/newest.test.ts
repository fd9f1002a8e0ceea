import { QueryClient } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import type { Job, JobList } from '@/api/types';
import { newestJob, newestJobs } from './newest';

const job = (id: number, status: Job['status'], second: number) =>
  ({ id, status, updated_at: `2026-01-01T00:00:0${second}Z` }) as Job;

test('an answer that an event has overtaken does not undo what the event said', async () => {
  const client = new QueryClient();
  let resolve: (job: Job) => void = () => undefined;
  const queryFn = () => new Promise<Job>((done) => (resolve = done));
  const options = { queryKey: ['job'], queryFn, structuralSharing: newestJob };
  const answer = client.query(options);
  client.setQueryData(['job'], job(1, 'COMPLETED', 2));
  resolve(job(1, 'EXECUTING', 1));
  await answer;
  expect(client.getQueryData<Job>(['job'])?.status).toBe('COMPLETED');
});

test('of a list, each job is the newest that is known, and the list itself the one that came last', () => {
  const old: JobList = { total: 2, items: [job(2, 'PENDING', 1), job(1, 'COMPLETED', 2)] };
  const next: JobList = {
    total: 3,
    items: [job(3, 'PENDING', 3), job(2, 'EXECUTING', 3), job(1, 'EXECUTING', 1)],
  };
  const { total, items } = newestJobs(old, next) as JobList;
  expect(total).toBe(3);
  expect(items.map(({ id, status }) => [id, status])).toEqual([
    [3, 'PENDING'],
    [2, 'EXECUTING'],
    [1, 'COMPLETED'],
  ]);
});
