import { Field, Input, Select } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import { NumberField } from '@/forms/NumberField';
import type { BackfillDraft } from './draft';

interface OptionFieldsProps {
  draft: BackfillDraft;
  set: (change: Partial<BackfillDraft>) => void;
  complaints: Complaints;
}

const VERIFICATIONS: Record<BackfillDraft['verification'], string> = {
  checksum: 'Each chunk is compared by count and checksum before it is committed.',
  count: 'Only the number of rows is compared.',
  off: 'Nothing is compared.',
};

const GUARANTEES: Record<BackfillDraft['guarantee'], string> = {
  plan: 'What suits the table best.',
  snapshot: 'All rows as they were at one moment; a snapshot is held for as long as it takes.',
  chunked: 'Each chunk as of its own moment, and what changed meanwhile is caught up. No snapshot is held.',
};

/** How it is compared, how fast it may read, when it runs. */
export function OptionFields({ draft, set, complaints }: OptionFieldsProps) {
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <Field
        label="Verification"
        description={VERIFICATIONS[draft.verification]}
        error={complaints.at('verification')}
      >
        <Select
          value={draft.verification}
          onChange={(event) => set({ verification: event.target.value as BackfillDraft['verification'] })}
        >
          <option value="checksum">Count and checksum</option>
          <option value="count">Count only</option>
          <option value="off">Off</option>
        </Select>
      </Field>
      <Field label="Consistency" description={GUARANTEES[draft.guarantee]} error={complaints.at('guarantee')}>
        <Select
          value={draft.guarantee}
          onChange={(event) => set({ guarantee: event.target.value as BackfillDraft['guarantee'] })}
        >
          <option value="plan">As planned</option>
          <option value="snapshot">One snapshot</option>
          <option value="chunked">Chunk by chunk</option>
        </Select>
      </Field>
      <NumberField
        label="Rows per second"
        placeholder="No limit"
        min={1}
        value={draft.rowsPerSecond}
        onChange={(rowsPerSecond) => set({ rowsPerSecond })}
        error={complaints.at('rows_per_second')}
      />
      <NumberField
        label="Megabytes per second"
        placeholder="No limit"
        step="any"
        value={draft.megabytesPerSecond}
        onChange={(megabytesPerSecond) => set({ megabytesPerSecond })}
        error={complaints.at('bytes_per_second')}
      />
      <NumberField
        label="Priority"
        description="The highest runs first; -1000 to 1000."
        placeholder="0"
        value={draft.priority}
        onChange={(priority) => set({ priority })}
        error={complaints.at('priority')}
      />
      <NumberField
        label="Failures in a row, at most"
        placeholder="10"
        min={1}
        value={draft.maxAttempts}
        onChange={(maxAttempts) => set({ maxAttempts })}
        error={complaints.at('max_attempts')}
      />
      <Field label="Not before" description="In your time zone." error={complaints.at('run_after')}>
        <Input
          type="datetime-local"
          value={draft.runAfter}
          onChange={(event) => set({ runAfter: event.target.value })}
        />
      </Field>
      <Field
        label="New columns"
        description="Where a destination's table lacks a column."
        error={complaints.at('new_columns')}
      >
        <Select
          value={draft.newColumns}
          onChange={(event) => set({ newColumns: event.target.value as BackfillDraft['newColumns'] })}
        >
          <option value="report">Stop and say so</option>
          <option value="add">Add them to the table</option>
        </Select>
      </Field>
    </div>
  );
}
