import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PlugZap } from 'lucide-react';
import { useId, useState, type SubmitEvent } from 'react';
import { api, dataOf } from '@/api/client';
import { sourcesQuery } from '@/api/queries';
import type { Source, SourceRequest } from '@/api/types';
import { TestRunning } from '@/components/connections/TestResult';
import { Button } from '@/components/ui/Button';
import { Dialog } from '@/components/ui/Dialog';
import { Disclosure } from '@/components/ui/Disclosure';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Field, Input } from '@/components/ui/Field';
import { useToast } from '@/components/ui/Toast';
import { complaintsOf } from '@/forms/complaints';
import { ConnectionFields } from './ConnectionFields';
import { LimitsFields } from './LimitsFields';
import { draftOf, requestOf, shownFields } from './sourceForm';
import { SourceTestResult } from './SourceTestResult';

interface SourceDialogProps {
  /** The source to change; a new one without. */
  source?: Source;
  onClose: () => void;
  onSaved?: (source: Source) => void;
}

export function SourceDialog({ source, onClose, onSaved }: SourceDialogProps) {
  const form = useId();
  const [draft, setDraft] = useState(() => draftOf(source));
  const client = useQueryClient();
  const toast = useToast();
  const save = useMutation({
    mutationFn: (body: SourceRequest) =>
      dataOf(
        source
          ? api.PUT('/api/v1/sources/{id}', { params: { path: { id: source.id } }, body })
          : api.POST('/api/v1/sources', { body }),
      ),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: sourcesQuery.queryKey });
      toast.success(source ? `Saved ${saved.name}` : `Created the source ${saved.name}`);
      onSaved?.(saved);
      onClose();
    },
  });
  const test = useMutation({
    mutationFn: (body: SourceRequest) =>
      dataOf(api.POST('/api/v1/sources/test', { params: { query: { like: source?.id } }, body })),
  });
  const complaints = complaintsOf(save.error ?? test.error, shownFields(draft.by));
  // Only what was said last is shown.
  const tryOut = () => {
    save.reset();
    const request = requestOf(draft, source);
    // It has to be called something, and need not have its name yet.
    test.mutate({ ...request, name: request.name || 'draft' });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    test.reset();
    save.mutate(requestOf(draft, source));
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={source ? `Edit ${source.name}` : 'New source'}
      description="A PostgreSQL, 14 or later, to copy tables from. Backfill only ever reads it."
      footer={
        <>
          <Button icon={PlugZap} busy={test.isPending} onClick={tryOut} className="mr-auto">
            Test connection
          </Button>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="primary" type="submit" form={form} busy={save.isPending}>
            {source ? 'Save' : 'Create source'}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="space-y-4">
        <Field label="Name" error={complaints.at('name')}>
          <Input
            value={draft.name}
            placeholder="shop"
            onChange={(event) => setDraft({ ...draft, name: event.target.value })}
          />
        </Field>
        <ConnectionFields
          draft={draft}
          onChange={setDraft}
          complaints={complaints}
          isStored={Boolean(source)}
        />
        <Disclosure
          title="Limits"
          summary="what the source can bear"
          defaultOpen={Boolean(complaints.at('limits'))}
        >
          <LimitsFields
            draft={draft.limits}
            onChange={(limits) => setDraft({ ...draft, limits })}
            complaints={complaints}
          />
        </Disclosure>
        {test.isPending && <TestRunning />}
        {test.data && <SourceTestResult test={test.data} />}
        {complaints.rest ? <ErrorPanel error={complaints.rest} /> : null}
      </form>
    </Dialog>
  );
}
