import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { asProblem } from '@/api/problem';
import { jobQuery } from '@/api/queries';
import { NotFound } from '@/components/layout/RouteStates';
import { Card } from '@/components/ui/Card';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Skeleton, SkeletonRows } from '@/components/ui/Skeleton';
import { CampaignCoverage } from './CampaignCoverage';
import { ChunkMap } from './ChunkMap';
import { DestinationParts } from './DestinationParts';
import { JobFigures } from './JobFigures';
import { JobHeader } from './JobHeader';
import { JobThroughput } from './JobThroughput';
import { Notices } from './Notices';
import { PlanCard } from './PlanCard';
import { Timeline } from './Timeline';

const route = getRouteApi('/jobs/$id');

export function JobPage() {
  const { id } = route.useParams();
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  if (error && asProblem(error).status === 404) return <NotFound />;
  if (error && !job) return <ErrorPanel error={error} onRetry={() => void refetch()} />;
  if (!job) return <JobSkeleton />;
  return (
    <>
      <JobHeader job={job} />
      <div className="flex flex-col gap-4 lg:gap-5">
        <Notices job={job} />
        <JobFigures job={job} />
        <div className="grid gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] lg:gap-5">
          <div className="flex min-w-0 flex-col gap-4 lg:gap-5">
            <DestinationParts job={job} />
            <JobThroughput job={job} />
            <ChunkMap job={job} />
          </div>
          <div className="flex min-w-0 flex-col gap-4 lg:gap-5">
            <PlanCard job={job} />
            {job.campaign_id != null && <CampaignCoverage campaign={job.campaign_id} job={job} />}
            <Timeline job={job} />
          </div>
        </div>
      </div>
    </>
  );
}

const JobSkeleton = () => (
  <div role="status" aria-label="Loading" className="flex flex-col gap-5">
    <div className="h-12">
      <Skeleton className="h-6 w-64" />
      <Skeleton className="mt-2 h-4 w-96 max-w-full" />
    </div>
    <Card>
      <Skeleton className="h-24 w-full" />
    </Card>
    <Card flush>
      <SkeletonRows rows={4} />
    </Card>
  </div>
);
