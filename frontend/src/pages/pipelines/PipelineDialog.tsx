import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useId, useState, type SubmitEvent } from 'react';
import { api, dataOf } from '@/api/client';
import { destinationsQuery, pipelinesQuery, sourcesQuery } from '@/api/queries';
import type { Pipeline, PipelineRequest } from '@/api/types';
import { Button } from '@/components/ui/Button';
import { Combobox } from '@/components/ui/Combobox';
import { Dialog } from '@/components/ui/Dialog';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Checkbox, Field, Input } from '@/components/ui/Field';
import { useToast } from '@/components/ui/Toast';
import { complaintsOf } from '@/forms/complaints';
import { DestinationDialog } from '@/pages/destinations/DestinationDialog';
import { placeOf } from '@/pages/destinations/destinationForm';
import { SourceDialog } from '@/pages/sources/SourceDialog';

interface PipelineDialogProps {
  /** The pipeline to change; a new one without. */
  pipeline?: Pipeline;
  onClose: () => void;
  onSaved?: (pipeline: Pipeline) => void;
}

interface Draft {
  name: string;
  source: number | null;
  destinations: number[];
}

export function PipelineDialog({ pipeline, onClose, onSaved }: PipelineDialogProps) {
  const form = useId();
  const [draft, setDraft] = useState<Draft>({
    name: pipeline?.name ?? '',
    source: pipeline?.source_id ?? null,
    destinations: pipeline?.destination_ids ?? [],
  });
  const [opened, setOpened] = useState<'source' | 'destination' | null>(null);
  const client = useQueryClient();
  const toast = useToast();
  const save = useMutation({
    mutationFn: (body: PipelineRequest) =>
      dataOf(
        pipeline
          ? api.PUT('/api/v1/pipelines/{id}', { params: { path: { id: pipeline.id } }, body })
          : api.POST('/api/v1/pipelines', { body }),
      ),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: pipelinesQuery.queryKey });
      toast.success(pipeline ? `Saved ${saved.name}` : `Created the pipeline ${saved.name}`);
      onClose();
      onSaved?.(saved);
    },
  });
  const complaints = complaintsOf(save.error, ['name', 'source_id', 'destination_ids']);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    // No source has the id 0: what is missing is said by the API.
    save.mutate({ name: draft.name, source_id: draft.source ?? 0, destination_ids: draft.destinations });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={pipeline ? `Edit ${pipeline.name}` : 'New pipeline'}
      description="From one source to one or more destinations. Its jobs each copy one table to all of them."
      footer={
        <>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="primary" type="submit" form={form} busy={save.isPending}>
            {pipeline ? 'Save' : 'Create pipeline'}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="space-y-5">
        <Field label="Name" error={complaints.at('name')}>
          <Input
            value={draft.name}
            placeholder="shop to dwh"
            onChange={(event) => setDraft({ ...draft, name: event.target.value })}
          />
        </Field>
        <SourceChoice
          value={draft.source}
          onChange={(source) => setDraft({ ...draft, source })}
          error={complaints.at('source_id') && 'choose a source'}
          onCreate={() => setOpened('source')}
        />
        <DestinationChoice
          value={draft.destinations}
          onChange={(destinations) => setDraft({ ...draft, destinations })}
          error={complaints.at('destination_ids')}
          onCreate={() => setOpened('destination')}
        />
        {complaints.rest ? <ErrorPanel error={complaints.rest} /> : null}
      </form>
      {opened === 'source' && (
        <SourceDialog
          onClose={() => setOpened(null)}
          onSaved={({ id }) => setDraft((current) => ({ ...current, source: id }))}
        />
      )}
      {opened === 'destination' && (
        <DestinationDialog
          onClose={() => setOpened(null)}
          onSaved={({ id }) =>
            setDraft((current) => ({ ...current, destinations: [...current.destinations, id] }))
          }
        />
      )}
    </Dialog>
  );
}

interface ChoiceProps<Value> {
  value: Value;
  onChange: (value: Value) => void;
  error?: string;
  onCreate: () => void;
}

function SourceChoice({ value, onChange, error, onCreate }: ChoiceProps<number | null>) {
  const sources = useQuery(sourcesQuery).data?.items ?? [];
  return (
    <div className="flex items-start gap-2">
      <Field label="Source" error={error} className="flex-1">
        <Combobox
          items={sources}
          value={sources.find(({ id }) => id === value) ?? null}
          onChange={(source) => onChange(source?.id ?? null)}
          text={({ name }) => name}
          placeholder="Choose a source"
        />
      </Field>
      <Button icon={Plus} onClick={onCreate} className="mt-[1.375rem]">
        New source
      </Button>
    </div>
  );
}

function DestinationChoice({ value, onChange, error, onCreate }: ChoiceProps<number[]>) {
  const destinations = useQuery(destinationsQuery).data?.items ?? [];
  const toggle = (id: number, isOn: boolean) =>
    onChange(isOn ? [...value, id] : value.filter((other) => other !== id));
  return (
    <fieldset>
      <legend className="text-xs font-medium">Destinations</legend>
      <div className="mt-2 max-h-64 space-y-2.5 overflow-y-auto">
        {destinations.map((destination) => (
          <Checkbox
            key={destination.id}
            label={destination.name}
            description={placeOf(destination)}
            checked={value.includes(destination.id)}
            onChange={(isOn) => toggle(destination.id, isOn)}
          />
        ))}
        {destinations.length === 0 && <p className="text-sm text-muted">There are none yet.</p>}
      </div>
      {error && <p className="mt-2 text-xs text-red">{error}</p>}
      <Button size="small" icon={Plus} onClick={onCreate} className="mt-3">
        New destination
      </Button>
    </fieldset>
  );
}
