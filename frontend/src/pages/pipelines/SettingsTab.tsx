import { useNavigate } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Pencil, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { destinationsQuery, sourcesQuery } from '@/api/queries';
import type { Pipeline } from '@/api/types';
import { Button } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';
import { Time } from '@/components/ui/Time';
import { placeOf } from '@/pages/destinations/destinationForm';
import { PipelineDeletion } from './PipelineDeletion';
import { PipelineDialog } from './PipelineDialog';

/** What a pipeline is, and where that is changed. */
export function SettingsTab({ pipeline }: { pipeline: Pipeline }) {
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null);
  const navigate = useNavigate();
  const source = useQuery(sourcesQuery).data?.items.find(({ id }) => id === pipeline.source_id);
  const places = useQuery(destinationsQuery).data?.items ?? [];
  return (
    <Card
      title="Settings"
      description="Changes are for jobs that are created later."
      actions={
        <>
          <Button size="small" icon={Pencil} onClick={() => setOpen('edit')}>
            Edit
          </Button>
          <Button size="small" variant="danger" icon={Trash2} onClick={() => setOpen('delete')}>
            Delete
          </Button>
        </>
      }
    >
      <dl className="grid gap-x-6 gap-y-3 text-sm sm:grid-cols-[9rem_minmax(0,1fr)]">
        <Fact name="Source">
          {source && (
            <>
              {source.name}
              <span className="block text-xs wrap-anywhere text-muted">
                {source.host}:{source.port}/{source.database}
              </span>
            </>
          )}
        </Fact>
        <Fact name="Destinations">
          <ul className="space-y-2">
            {places
              .filter(({ id }) => pipeline.destination_ids.includes(id))
              .map((place) => (
                <li key={place.id}>
                  {place.name}
                  <span className="block text-xs wrap-anywhere text-muted">{placeOf(place)}</span>
                </li>
              ))}
          </ul>
        </Fact>
        <Fact name="Created">
          <Time at={pipeline.created_at} />
        </Fact>
        <Fact name="Changed">
          <Time at={pipeline.updated_at} />
        </Fact>
      </dl>
      {open === 'edit' && <PipelineDialog pipeline={pipeline} onClose={() => setOpen(null)} />}
      {open === 'delete' && (
        <PipelineDeletion
          pipeline={pipeline}
          onClose={() => setOpen(null)}
          onDeleted={() => void navigate({ to: '/pipelines' })}
        />
      )}
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
