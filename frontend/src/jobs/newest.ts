import { replaceEqualDeep } from '@tanstack/react-query';
import type { Job, JobList } from '@/api/types';

// An event can overtake the answer of a request that was sent before it. What is older never takes the place of what is known.

export const isNewer = (next: Job, old: Job) => Date.parse(next.updated_at) >= Date.parse(old.updated_at);

export function newestJob(old: unknown, next: unknown): unknown {
  const known = old as Job | undefined;
  return known && !isNewer(next as Job, known) ? known : replaceEqualDeep<unknown>(old, next);
}

export function newestJobs(old: unknown, next: unknown): unknown {
  const list = next as JobList;
  const known = new Map((old as JobList | undefined)?.items.map((job) => [job.id, job]));
  const items = list.items.map((job) => {
    const before = known.get(job.id);
    return before && !isNewer(job, before) ? before : job;
  });
  return replaceEqualDeep<unknown>(old, { ...list, items });
}
