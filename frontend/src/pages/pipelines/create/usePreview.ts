import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, dataOf } from '@/api/client';
import type { BackfillRequest } from '@/api/types';

/** What `request` would do, asked once it has rested for a moment; a question that is out of date is cancelled. */
export function usePreview(pipeline: number, request: BackfillRequest | null) {
  const settled = useSettled(request);
  const isSettled = settled === JSON.stringify(request);
  const preview = useQuery({
    queryKey: ['preview', pipeline, settled],
    queryFn: ({ signal }) =>
      dataOf(
        api.POST('/api/v1/pipelines/{id}/backfill/preview', {
          params: { path: { id: pipeline } },
          body: JSON.parse(settled) as BackfillRequest,
          signal,
        }),
      ),
    enabled: settled !== 'null',
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 60_000,
  });
  return { ...preview, isOutdated: !isSettled || preview.isPlaceholderData };
}

const REST = 400;

function useSettled(request: BackfillRequest | null): string {
  const text = JSON.stringify(request);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), REST);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
