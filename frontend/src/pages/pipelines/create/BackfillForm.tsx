import { RotateCcw } from 'lucide-react';
import { useId, useState, type KeyboardEvent, type ReactNode, type SubmitEvent } from 'react';
import type { Pipeline } from '@/api/types';
import { Button } from '@/components/ui/Button';
import { Dialog } from '@/components/ui/Dialog';
import { Disclosure } from '@/components/ui/Disclosure';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { complaintsOf } from '@/forms/complaints';
import { ColumnFields } from './ColumnFields';
import { completeRequestOf, requestOf, SHOWN, withTable, type BackfillDraft } from './draft';
import { FilterBuilder } from './FilterBuilder';
import { OptionFields } from './OptionFields';
import { PreviewPane } from './PreviewPane';
import { TableChoice } from './TableChoice';
import { useCreate } from './useCreate';
import { usePreview } from './usePreview';
import { WindowFields } from './WindowFields';
import { WriteModeChoice } from './WriteModeChoice';

interface BackfillFormProps {
  pipeline: Pipeline;
  begin: () => BackfillDraft;
  note?: string;
  onClose: () => void;
}

/** What is to be copied, and beside it what would happen. Ctrl+Enter creates it from anywhere. */
export function BackfillForm({ pipeline, begin, note, onClose }: BackfillFormProps) {
  const form = useId();
  const [draft, setDraft] = useState(begin);
  const create = useCreate(pipeline, onClose);
  const request = completeRequestOf(draft);
  const preview = usePreview(pipeline.id, request);
  const complaints = complaintsOf(create.error ?? (preview.isOutdated ? null : preview.error), SHOWN);
  const set = (change: Partial<BackfillDraft>) => {
    // What was refused is not what is there now.
    if (create.error) create.reset();
    setDraft({ ...draft, ...change });
  };
  const send = () => {
    const complete = requestOf(draft);
    if (complete && !create.isPending) create.mutate({ request: complete, windows: draft.windows });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
  };
  return (
    <Dialog
      open
      size="large"
      onClose={onClose}
      title="Create backfill"
      description={note ?? `Copies a table through ${pipeline.name}.`}
      footer={
        <>
          <span className="mr-auto hidden text-xs text-muted sm:inline">Ctrl+Enter creates it</span>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button
            variant="primary"
            type="submit"
            form={form}
            icon={RotateCcw}
            busy={create.isPending}
            disabled={!draft.table}
          >
            {draft.windows.isOn ? 'Create campaign' : 'Create backfill'}
          </Button>
        </>
      }
    >
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]">
        {/* The keys of all that is in it. */}
        <form id={form} onSubmit={submit} onKeyDown={onKeyDown} noValidate className="min-w-0 space-y-5">
          <TableChoice
            source={pipeline.source_id}
            value={draft.table}
            onChange={(table) => setDraft(withTable(draft, table))}
            error={complaints.at('table_name')}
          />
          {draft.table && <Fields draft={draft} set={set} complaints={complaints} />}
          {complaints.rest ? <ErrorPanel error={complaints.rest} /> : null}
        </form>
        <PreviewPane
          preview={preview.error ? undefined : preview.data}
          isOutdated={preview.isOutdated}
          reason={reasonOf(draft, request !== null, Boolean(preview.error && !preview.isOutdated))}
        />
      </div>
    </Dialog>
  );
}

function reasonOf(draft: BackfillDraft, isComplete: boolean, isRefused: boolean): ReactNode {
  if (!draft.table) return 'Choose a table to see what would be read and made, before anything is.';
  if (!isComplete) return 'Fill in the filter to see what it would do.';
  return isRefused ? 'There is something to be set right first.' : undefined;
}

interface FieldsProps {
  draft: BackfillDraft;
  set: (change: Partial<BackfillDraft>) => void;
  complaints: ReturnType<typeof complaintsOf>;
}

function Fields({ draft, set, complaints }: FieldsProps) {
  const { table, windows } = draft;
  if (!table) return null;
  return (
    <>
      <FilterBuilder
        filters={draft.filters}
        columns={table.columns}
        onChange={(filters) => set({ filters })}
        complaints={complaints}
      />
      <WriteModeChoice
        draft={draft}
        onChange={(writeMode) => set({ writeMode })}
        error={complaints.at('write_mode')}
      />
      <div className="space-y-2">
        <Disclosure title="Columns" summary={columnsSummary(draft)} defaultOpen={draft.columns.length > 0}>
          <ColumnFields
            table={table}
            columns={draft.columns}
            onChange={(columns) => set({ columns })}
            complaints={complaints}
          />
        </Disclosure>
        <Disclosure title="Windows" summary={windows.isOn ? `by ${windows.unit}` : 'all at once'}>
          <WindowFields
            windows={windows}
            columns={table.columns}
            onChange={(changed) => set({ windows: changed })}
            complaints={complaints}
          />
        </Disclosure>
        <Disclosure title="More" summary="verification, speed, priority, time">
          <OptionFields draft={draft} set={set} complaints={complaints} />
        </Disclosure>
      </div>
    </>
  );
}

function columnsSummary({ columns }: BackfillDraft): string {
  if (columns.length === 0) return 'all of them';
  return `${columns.filter(({ isCopied }) => isCopied).length} of ${columns.length}`;
}
