import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowRight, Ellipsis, Pencil, Plus, RotateCcw, Trash2, Workflow } from 'lucide-react';
import { useState } from 'react';
import { destinationsQuery, pipelinesQuery, sourcesQuery } from '@/api/queries';
import type { Pipeline } from '@/api/types';
import { PageHeader } from '@/components/layout/PageHeader';
import { matches } from '@/components/records/matches';
import { SearchField } from '@/components/records/SearchField';
import { Button, ButtonLink, IconButton } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Menu } from '@/components/ui/Menu';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { PipelineDeletion } from './PipelineDeletion';
import { PipelineDialog } from './PipelineDialog';

type Open = { what: 'create' } | { what: 'edit' | 'delete'; pipeline: Pipeline };

export function PipelinesPage() {
  const pipelines = useQuery(pipelinesQuery);
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<Open | null>(null);
  const all = pipelines.data?.items ?? [];
  const found = all.filter((pipeline) => matches(search, [pipeline.name]));
  const create = (
    <Button variant="primary" icon={Plus} onClick={() => setOpen({ what: 'create' })}>
      New pipeline
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Pipelines"
        description="Each leads from one source to one or more destinations."
        actions={all.length > 0 && create}
      />
      {all.length > 0 && (
        <div className="mb-4">
          <SearchField label="Search pipelines" value={search} onChange={setSearch} />
        </div>
      )}
      <Card flush>
        {pipelines.isPending && <SkeletonRows label="Loading the pipelines" />}
        {pipelines.error && (
          <div className="p-4">
            <ErrorPanel error={pipelines.error} onRetry={() => void pipelines.refetch()} />
          </div>
        )}
        {pipelines.data && all.length === 0 && (
          <EmptyState icon={Workflow} title="No pipelines yet" action={create}>
            A pipeline says from which source to which destinations. Then backfill any table through it, as
            often as you like.
          </EmptyState>
        )}
        {all.length > 0 && found.length === 0 && (
          <p className="p-8 text-center text-sm text-muted">No pipeline matches.</p>
        )}
        <ul className="divide-y divide-line">
          {found.map((pipeline) => (
            <PipelineRow key={pipeline.id} pipeline={pipeline} onOpen={setOpen} />
          ))}
        </ul>
      </Card>
      <Opened open={open} onClose={() => setOpen(null)} />
    </>
  );
}

function Opened({ open, onClose }: { open: Open | null; onClose: () => void }) {
  const navigate = useNavigate();
  switch (open?.what) {
    case undefined:
      return null;
    case 'create':
      return (
        <PipelineDialog
          onClose={onClose}
          onSaved={({ id }) => void navigate({ to: '/pipelines/$id', params: { id } })}
        />
      );
    case 'edit':
      return <PipelineDialog pipeline={open.pipeline} onClose={onClose} />;
    case 'delete':
      return <PipelineDeletion pipeline={open.pipeline} onClose={onClose} />;
  }
}

function PipelineRow({ pipeline, onOpen }: { pipeline: Pipeline; onOpen: (open: Open) => void }) {
  const params = { id: pipeline.id };
  return (
    <li className="relative flex items-center gap-3 px-4 py-3 hover:bg-hover sm:px-5">
      <div className="min-w-0 flex-1">
        <Link
          to="/pipelines/$id"
          params={params}
          className="font-medium wrap-anywhere after:absolute after:inset-0"
        >
          {pipeline.name}
        </Link>
        <Route pipeline={pipeline} />
      </div>
      <ButtonLink
        to="/pipelines/$id"
        params={params}
        search={{ create: 1 }}
        size="small"
        icon={RotateCcw}
        className="relative hidden sm:inline-flex"
      >
        Backfill
      </ButtonLink>
      <span className="relative">
        <Menu
          trigger={<IconButton label={`Actions for ${pipeline.name}`} icon={Ellipsis} />}
          items={[
            { label: 'Edit', icon: Pencil, onSelect: () => onOpen({ what: 'edit', pipeline }) },
            {
              label: 'Delete',
              icon: Trash2,
              danger: true,
              onSelect: () => onOpen({ what: 'delete', pipeline }),
            },
          ]}
        />
      </span>
    </li>
  );
}

/** From where to where, by names. */
export function Route({ pipeline }: { pipeline: Pipeline }) {
  const sources = useQuery(sourcesQuery).data?.items;
  const destinations = useQuery(destinationsQuery).data?.items;
  const source = sources?.find(({ id }) => id === pipeline.source_id)?.name;
  const places = pipeline.destination_ids.map(
    (id) => destinations?.find((place) => place.id === id)?.name ?? `destination ${id}`,
  );
  return (
    <span className="flex min-h-4 flex-wrap items-center gap-x-1.5 text-xs text-muted">
      {source ?? `source ${pipeline.source_id}`}
      <ArrowRight aria-label="to" className="size-3.5" />
      {places.join(', ')}
    </span>
  );
}
