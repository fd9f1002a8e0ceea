import { useQueries, useQuery } from '@tanstack/react-query';
import { api, dataOf } from '@/api/client';
import type { Chunk, Job } from '@/api/types';

/** Chunks in one request; what the API gives at most. */
const PAGE = 1000;
/** More are not loaded: the map says so. */
const MOST = 50_000;

/** All chunks of a job. Pages whose chunks are settled are fetched once, the last one again while the job runs. */
export function useChunks(job: Job) {
  // What a later look finds is noted on chunks that were settled before.
  const settles = job.task === 'copy';
  const round = settles ? 'copy' : `${job.task} ${job.status}`;
  const refetchInterval = job.status === 'EXECUTING' ? 2000 : false;
  const page = (number: number) => ({
    queryKey: ['chunks', job.id, round, number],
    queryFn: ({ signal }: { signal: AbortSignal }) => {
      const params = { path: { id: job.id }, query: { skip: number * PAGE, limit: PAGE } };
      return dataOf(api.GET('/api/v1/backfill/{id}/chunks', { params, signal }));
    },
  });
  const first = useQuery({ ...page(0), refetchInterval });
  const total = first.data?.total ?? 0;
  const last = Math.max(0, Math.ceil(Math.min(total, MOST) / PAGE) - 1);
  const rest = useQueries({
    queries: Array.from({ length: last }, (_, index) => ({
      ...page(index + 1),
      refetchInterval: index + 1 === last || !settles ? refetchInterval : false,
      staleTime: index + 1 === last || !settles ? 0 : Infinity,
    })),
    combine: (pages) => pages.flatMap(({ data }) => data?.items ?? []),
  });
  const chunks: Chunk[] = [...(first.data?.items ?? []), ...rest];
  return { chunks, total, isPending: first.isPending, error: first.error, refetch: first.refetch };
}
