import type { JobQuery } from '@/api/types';
import type { JobsSearch } from './search';

/** How many jobs a request brings. */
export const PAGE = 50;

/** What the API is asked for, of what stands in the address. */
export function queryOf({ status, pipeline, source, search, sort }: JobsSearch, page: number): JobQuery {
  return {
    ...(status && { status }),
    ...(pipeline && { pipeline_id: pipeline }),
    ...(source && { source_id: source }),
    ...(search && { search }),
    ...(sort && { sort }),
    skip: page * PAGE,
    limit: PAGE,
  };
}

/** The pages that hold the rows from `first` to `last`. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(first / PAGE);
  return Array.from({ length: Math.floor(last / PAGE) - from + 1 }, (_, index) => from + index);
}

export const isFiltered = ({ status, pipeline, source, search }: JobsSearch) =>
  Boolean(status ?? pipeline ?? source ?? search);
