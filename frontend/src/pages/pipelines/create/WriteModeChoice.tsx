import type { WriteMode } from '@/api/types';
import { Choices } from './Choices';
import { hasKey, modeOf, modesFor, type BackfillDraft } from './draft';

const MODES: Record<WriteMode, { label: string; description: string }> = {
  upsert: {
    label: 'Upsert',
    description: 'New keys are added; a row whose key is there already is replaced. Safe to repeat.',
  },
  insert_missing: {
    label: 'Insert what is missing',
    description:
      'Only new keys are added; a row that is there already stays as it is. For destinations that live replication writes to.',
  },
  append: {
    label: 'Append',
    description: 'Rows are added. A key that is there already fails the job; without a key, rows may double.',
  },
  replace: {
    label: 'Replace',
    description:
      'At the end, in one step, the copied rows take the place of all that the table holds, also of rows that a filter leaves out.',
  },
};

interface WriteModeChoiceProps {
  draft: BackfillDraft;
  onChange: (mode: WriteMode) => void;
  error?: string;
}

export function WriteModeChoice({ draft, onChange, error }: WriteModeChoiceProps) {
  return (
    <div>
      <Choices
        label="Write mode"
        value={modeOf(draft)}
        onChange={onChange}
        choices={modesFor(draft).map((value) => ({ value, ...MODES[value] }))}
        error={error}
      />
      {!hasKey(draft) && (
        <p className="mt-2 text-xs text-muted">
          Upsert and insert what is missing need a primary key, with all of its columns copied.
        </p>
      )}
    </div>
  );
}
