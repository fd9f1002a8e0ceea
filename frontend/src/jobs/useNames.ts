import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { destinationsQuery, pipelinesQuery, sourcesQuery } from '@/api/queries';

/** The names of records that jobs refer to by number; the number itself until they are known. */
export function useNames() {
  const pipelines = useQuery(pipelinesQuery).data?.items;
  const sources = useQuery(sourcesQuery).data?.items;
  const destinations = useQuery(destinationsQuery).data?.items;
  return useMemo(
    () => ({
      pipeline: named('Pipeline', pipelines),
      source: named('Source', sources),
      destination: named('Destination', destinations),
    }),
    [pipelines, sources, destinations],
  );
}

function named(kind: string, records: { id: number; name: string }[] = []) {
  const names = new Map(records.map(({ id, name }) => [id, name]));
  return (id: number) => names.get(id) ?? `${kind} ${id}`;
}
