import { useQuery } from '@tanstack/react-query';
import { asProblem } from '@/api/problem';
import { ThroughputChart } from '@/components/charts/ThroughputChart';
import { Card } from '@/components/ui/Card';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Skeleton } from '@/components/ui/Skeleton';
import { lastHourQuery } from './queries';

export function OverallThroughput() {
  const { data, error, refetch } = useQuery(lastHourQuery);
  // An API of an earlier version does not keep it.
  if (error && asProblem(error).status === 404) return null;
  return (
    <Card title="Throughput" description="Rows a second over all jobs, in the last hour">
      {data ? (
        <ThroughputChart data={data} label="Rows a second over all jobs in the last hour" />
      ) : error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton className="h-50 w-full" />
      )}
    </Card>
  );
}
