import { useQuery } from '@tanstack/react-query';
import { PageHeader } from '@/components/layout/PageHeader';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { pipelinesQuery, statsQuery, workersQuery } from '@/api/queries';
import { Daemons } from './Daemons';
import { Failures } from './Failures';
import { FirstSteps } from './FirstSteps';
import { NoDaemon } from './NoDaemon';
import { QueueTiles } from './QueueTiles';
import { RunningNow } from './RunningNow';
import { OverallThroughput } from './OverallThroughput';

export function OverviewPage() {
  const stats = useQuery(statsQuery);
  const workers = useQuery(workersQuery);
  const pipelines = useQuery(pipelinesQuery);
  const jobs = stats.data && Object.values(stats.data.jobs).reduce((sum, count) => sum + count, 0);
  // Until something has been copied, the way there is all that there is to see.
  const isNew = pipelines.data !== undefined && jobs === 0;

  return (
    <>
      <PageHeader title="Overview" />
      <div className="flex flex-col gap-4 lg:gap-5">
        {stats.error && !stats.data && (
          <ErrorPanel error={stats.error} onRetry={() => void stats.refetch()} />
        )}
        {workers.data && stats.data && <NoDaemon workers={workers.data.items} stats={stats.data} />}
        {isNew ? (
          <FirstSteps pipelines={pipelines.data.items} />
        ) : (
          <>
            <QueueTiles stats={stats.data} />
            <div className="grid gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(18rem,1fr)] lg:gap-5">
              <div className="flex min-w-0 flex-col gap-4 lg:gap-5">
                <RunningNow />
                <OverallThroughput />
              </div>
              <div className="flex min-w-0 flex-col gap-4 lg:gap-5">
                <Failures />
                <Daemons />
              </div>
            </div>
          </>
        )}
        {isNew && <Daemons />}
      </div>
    </>
  );
}
