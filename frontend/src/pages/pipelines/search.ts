import { oneOf, positive } from '@/search';

export const TABS = ['backfill', 'settings'] as const;

/** `create` opens the dialog that creates a backfill, with the request of the job `from` where it is given. */
export interface PipelineSearch {
  tab?: (typeof TABS)[number];
  create?: 1;
  from?: number;
  page?: number;
}

export const parsePipelineSearch = (search: Record<string, unknown>): PipelineSearch => ({
  tab: oneOf(search.tab, TABS),
  create: positive(search.create) ? 1 : undefined,
  from: positive(search.from),
  page: positive(search.page),
});
