import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PlugZap } from 'lucide-react';
import { useId, useState, type SubmitEvent } from 'react';
import { api, dataOf } from '@/api/client';
import { destinationsQuery } from '@/api/queries';
import type { Destination, DestinationRequest } from '@/api/types';
import { TestRunning } from '@/components/connections/TestResult';
import { Button } from '@/components/ui/Button';
import { Dialog } from '@/components/ui/Dialog';
import { Disclosure } from '@/components/ui/Disclosure';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Field, Input } from '@/components/ui/Field';
import { useToast } from '@/components/ui/Toast';
import { complaintsOf } from '@/forms/complaints';
import { BatchFields, DestinationFields } from './DestinationFields';
import {
  draftOf,
  requestOf,
  shownFields,
  type DestinationDraft,
  type DestinationType,
} from './destinationForm';
import { DestinationTestResult } from './DestinationTestResult';
import { DESTINATION_TYPES } from './destinationTypes';

interface DestinationDialogProps {
  /** The destination to change; a new one without. */
  destination?: Destination;
  onClose: () => void;
  onSaved?: (destination: Destination) => void;
}

export function DestinationDialog({ destination, onClose, onSaved }: DestinationDialogProps) {
  const form = useId();
  const [draft, setDraft] = useState(() => draftOf(destination));
  const client = useQueryClient();
  const toast = useToast();
  const save = useMutation({
    mutationFn: (body: DestinationRequest) =>
      dataOf(
        destination
          ? api.PUT('/api/v1/destinations/{id}', { params: { path: { id: destination.id } }, body })
          : api.POST('/api/v1/destinations', { body }),
      ),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: destinationsQuery.queryKey });
      toast.success(destination ? `Saved ${saved.name}` : `Created the destination ${saved.name}`);
      onSaved?.(saved);
      onClose();
    },
  });
  const test = useMutation({
    mutationFn: (body: DestinationRequest) =>
      dataOf(api.POST('/api/v1/destinations/test', { params: { query: { like: destination?.id } }, body })),
  });
  const complaints = complaintsOf(save.error ?? test.error, shownFields(draft.type));
  const set = (change: Partial<DestinationDraft>) => setDraft({ ...draft, ...change });
  // Only what was said last is shown.
  const tryOut = () => {
    save.reset();
    const request = requestOf(draft);
    // It has to be called something, and need not have its name yet.
    test.mutate({ ...request, name: request.name || 'draft' });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    test.reset();
    save.mutate(requestOf(draft));
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={destination ? `Edit ${destination.name}` : 'New destination'}
      description="Where copies go. Tables are made there when they are absent."
      footer={
        <>
          <Button icon={PlugZap} busy={test.isPending} onClick={tryOut} className="mr-auto">
            Test
          </Button>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="primary" type="submit" form={form} busy={save.isPending}>
            {destination ? 'Save' : 'Create destination'}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="space-y-4">
        <Field label="Name" error={complaints.at('name')}>
          <Input
            value={draft.name}
            placeholder="dwh"
            onChange={(event) => set({ name: event.target.value })}
          />
        </Field>
        <TypeChoice value={draft.type} onChange={(type) => set({ type })} />
        <DestinationFields draft={draft} set={set} complaints={complaints} isStored={Boolean(destination)} />
        <Disclosure title="Chunks" summary="how large they are">
          <BatchFields draft={draft} set={set} complaints={complaints} />
        </Disclosure>
        {test.isPending && <TestRunning />}
        {test.data && <DestinationTestResult test={test.data} />}
        {complaints.rest ? <ErrorPanel error={complaints.rest} /> : null}
      </form>
    </Dialog>
  );
}

interface TypeChoiceProps {
  value: DestinationType;
  onChange: (type: DestinationType) => void;
}

function TypeChoice({ value, onChange }: TypeChoiceProps) {
  return (
    <RadioGroup
      aria-label="Type"
      value={value}
      onValueChange={onChange}
      className="grid grid-cols-1 gap-2 sm:grid-cols-3"
    >
      {Object.entries(DESTINATION_TYPES).map(([type, { label, icon: Icon, description }]) => (
        <Radio.Root
          key={type}
          value={type}
          className="flex cursor-pointer items-start gap-2.5 rounded-xl border border-line-strong p-3 text-left hover:bg-hover data-checked:border-accent data-checked:bg-accent-soft"
        >
          <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span>
            <span className="block text-sm font-medium">{label}</span>
            <span className="block text-xs text-muted">{description}</span>
          </span>
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}
