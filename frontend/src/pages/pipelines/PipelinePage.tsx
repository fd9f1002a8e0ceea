import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { RotateCcw, Settings2 } from 'lucide-react';
import { pipelineQuery } from '@/api/queries';
import { PageHeader } from '@/components/layout/PageHeader';
import { Button } from '@/components/ui/Button';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Skeleton } from '@/components/ui/Skeleton';
import { Tabs } from '@/components/ui/Tabs';
import { CreateBackfillDialog } from './create/CreateBackfillDialog';
import { JobsTab } from './JobsTab';
import { Route } from './PipelinesPage';
import type { PipelineSearch } from './search';
import { SettingsTab } from './SettingsTab';

const route = getRouteApi('/pipelines/$id');

export function PipelinePage() {
  const { id } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const pipeline = useQuery(pipelineQuery(id));
  const go = (change: PipelineSearch, replace = false) =>
    void navigate({ to: '/pipelines/$id', params: { id }, search: { ...search, ...change }, replace });

  if (pipeline.error && !pipeline.data) {
    return (
      <>
        <PageHeader title="Pipeline" />
        <ErrorPanel error={pipeline.error} onRetry={() => void pipeline.refetch()} />
      </>
    );
  }
  const data = pipeline.data;
  const create = () => go({ create: 1 });
  return (
    <>
      <PageHeader
        title={data?.name ?? 'Pipeline'}
        heading={data?.name ?? <Skeleton className="h-7 w-48" />}
        description={data ? <Route pipeline={data} /> : <Skeleton className="h-4 w-64" />}
        actions={
          <Button variant="primary" icon={RotateCcw} onClick={create} disabled={!data}>
            Create backfill
          </Button>
        }
      />
      <Tabs
        label="About this pipeline"
        value={search.tab ?? 'backfill'}
        onChange={(tab) => go({ tab: tab === 'backfill' ? undefined : tab, page: undefined }, true)}
        tabs={[
          {
            value: 'backfill',
            label: 'Backfill Data',
            icon: RotateCcw,
            content: (
              <JobsTab
                pipeline={id}
                page={search.page ?? 1}
                onPage={(page) => go({ page: page === 1 ? undefined : page })}
                onCreate={create}
              />
            ),
          },
          {
            value: 'settings',
            label: 'Settings',
            icon: Settings2,
            content: data && <SettingsTab pipeline={data} />,
          },
        ]}
      />
      {search.create && data && (
        <CreateBackfillDialog
          // Another job to begin from is another form.
          key={search.from}
          pipeline={data}
          from={search.from}
          onClose={() => go({ create: undefined, from: undefined }, true)}
        />
      )}
    </>
  );
}
