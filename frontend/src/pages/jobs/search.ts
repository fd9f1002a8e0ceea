import type { JobStatus } from '@/api/types';
import { listOf, oneOf, positive, text } from '@/search';

export const STATUSES = [
  'EXECUTING',
  'PENDING',
  'PAUSED',
  'FAILED',
  'CANCELLED',
  'COMPLETED',
] as const satisfies JobStatus[];
export const SORTS = ['-created_at', 'created_at', '-updated_at', '-count_record', 'table_name'] as const;

/** Which jobs are shown: it all stands in the address, so that it can be kept and sent. */
export interface JobsSearch {
  status?: JobStatus[];
  pipeline?: number;
  source?: number;
  search?: string;
  sort?: (typeof SORTS)[number];
}

export const parseJobsSearch = (search: Record<string, unknown>): JobsSearch => ({
  status: listOf(search.status, STATUSES),
  pipeline: positive(search.pipeline),
  source: positive(search.source),
  search: text(search.search),
  sort: oneOf(search.sort, SORTS),
});
