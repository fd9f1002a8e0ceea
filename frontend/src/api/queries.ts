import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { newestJob, newestJobs } from '@/jobs/newest';
import { api, dataOf } from './client';
import type { JobQuery, Table } from './types';

// Live events find by their keys what shows jobs: ['jobs', 'list'], ['jobs', 'one', id], and what belongs to one and is
// fetched apart below ['jobs', 'detail', id].

/** How many records a list of names holds; more are never shown at once. */
const ALL = { limit: 1000 };

export const jobListQuery = (query: JobQuery) =>
  queryOptions({
    queryKey: ['jobs', 'list', query],
    queryFn: ({ signal }) => dataOf(api.GET('/api/v1/backfill', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    structuralSharing: newestJobs,
  });

export const pipelineJobsQuery = (pipeline: number, page: { skip: number; limit: number }) =>
  queryOptions({
    queryKey: ['jobs', 'list', { pipeline, ...page }],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/api/v1/pipelines/{id}/backfill', {
          params: { path: { id: pipeline }, query: page },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const jobQuery = (id: number) =>
  queryOptions({
    queryKey: ['jobs', 'one', id],
    queryFn: ({ signal }) => dataOf(api.GET('/api/v1/backfill/{id}', { params: { path: { id } }, signal })),
    structuralSharing: newestJob,
  });

export const jobEventsQuery = (id: number) =>
  queryOptions({
    queryKey: ['jobs', 'detail', id, 'events'],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/api/v1/backfill/{id}/events', { params: { path: { id }, query: { limit: 200 } }, signal }),
      ),
  });

export const jobThroughputQuery = (id: number) =>
  queryOptions({
    queryKey: ['jobs', 'detail', id, 'throughput'],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/api/v1/backfill/{id}/throughput', { params: { path: { id } }, signal })),
  });

export const statsQuery = queryOptions({
  queryKey: ['stats'],
  queryFn: ({ signal }) => dataOf(api.GET('/api/v1/stats', { signal })),
});

export const throughputQuery = (minutes: number) =>
  queryOptions({
    queryKey: ['stats', 'throughput', minutes],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/api/v1/stats/throughput', { params: { query: { minutes } }, signal })),
  });

export const workersQuery = queryOptions({
  queryKey: ['workers'],
  queryFn: ({ signal }) => dataOf(api.GET('/api/v1/workers', { params: { query: ALL }, signal })),
});

export const sourcesQuery = queryOptions({
  queryKey: ['sources'],
  queryFn: ({ signal }) => dataOf(api.GET('/api/v1/sources', { params: { query: ALL }, signal })),
});

export const destinationsQuery = queryOptions({
  queryKey: ['destinations'],
  queryFn: ({ signal }) => dataOf(api.GET('/api/v1/destinations', { params: { query: ALL }, signal })),
});

export const pipelinesQuery = queryOptions({
  queryKey: ['pipelines'],
  queryFn: ({ signal }) => dataOf(api.GET('/api/v1/pipelines', { params: { query: ALL }, signal })),
});

export const pipelineQuery = (id: number) =>
  queryOptions({
    queryKey: ['pipelines', 'one', id],
    queryFn: ({ signal }) => dataOf(api.GET('/api/v1/pipelines/{id}', { params: { path: { id } }, signal })),
  });

export const campaignCoverageQuery = (id: number) =>
  queryOptions({
    queryKey: ['campaigns', id, 'coverage'],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/api/v1/campaigns/{id}/coverage', { params: { path: { id } }, signal })),
  });

/** All tables that a source has, page by page. */
export const tablesQuery = (source: number) =>
  queryOptions({
    queryKey: ['sources', source, 'tables'],
    queryFn: async ({ signal }) => {
      const items: Table[] = [];
      for (;;) {
        const query = { limit: 1000, skip: items.length };
        const page = await dataOf(
          api.GET('/api/v1/sources/{id}/tables', { params: { path: { id: source }, query }, signal }),
        );
        items.push(...page.items);
        if (page.items.length === 0 || items.length >= page.total) return items;
      }
    },
    staleTime: 60_000,
  });
