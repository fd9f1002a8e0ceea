import { useQuery } from '@tanstack/react-query';
import { asProblem } from '@/api/problem';
import { jobThroughputQuery } from '@/api/queries';
import type { Job } from '@/api/types';
import { ThroughputChart } from '@/components/charts/ThroughputChart';
import { Card } from '@/components/ui/Card';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Skeleton } from '@/components/ui/Skeleton';

export function JobThroughput({ job }: { job: Job }) {
  const { data, error, refetch } = useQuery(jobThroughputQuery(job.id));
  // An API of an earlier version does not keep it.
  if (error && asProblem(error).status === 404) return null;
  return (
    <Card title="Throughput" description="Rows a second, by when chunks were finished">
      {error && !data ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Skeleton className="h-50 w-full" />
      ) : data.points.length > 1 ? (
        <ThroughputChart data={data} label={`Rows a second of job ${job.id}`} />
      ) : (
        <p className="text-sm text-muted">
          {data.points.length === 0
            ? 'Begins with its first chunk.'
            : 'It took too short a time for a chart.'}
        </p>
      )}
    </Card>
  );
}
