import type { Column } from '@/api/types';
import { Field, Input, Select, Textarea } from '@/components/ui/Field';
import type { FilterDraft } from './filters';
import { arityOf, kindOf, type Kind } from './operators';

interface FilterValueProps {
  filter: FilterDraft;
  column: Column;
  onChange: (values: string[]) => void;
  error?: string;
}

/** What a filter compares its column with: nothing, a value, two, or a list. */
export function FilterValue({ filter: { operator, values }, column, onChange, error }: FilterValueProps) {
  const kind = kindOf(column.type);
  const [first = '', second = ''] = values;
  switch (arityOf(operator)) {
    case 'none':
      return null;
    case 'one':
      return (
        <Field
          label={`Value, ${column.type}`}
          description={hintFor(operator, kind)}
          error={error}
          className="mt-2.5"
        >
          <ValueInput kind={kind} value={first} onChange={(value) => onChange([value])} />
        </Field>
      );
    case 'two':
      return (
        <div className="mt-2.5 grid items-start gap-2 sm:grid-cols-2">
          <Field label={`From, ${column.type}`} description={hintFor(operator, kind)} error={error}>
            <ValueInput kind={kind} value={first} onChange={(value) => onChange([value, second])} />
          </Field>
          <Field label="To, included">
            <ValueInput kind={kind} value={second} onChange={(value) => onChange([first, value])} />
          </Field>
        </div>
      );
    case 'many':
      return (
        <Field
          label={`Values, ${column.type}`}
          description={
            operator === 'NOT IN' && column.nullable
              ? 'One a line. Rows in which the column is NULL are not copied either.'
              : 'One a line.'
          }
          error={error}
          className="mt-2.5"
        >
          <Textarea
            value={values.join('\n')}
            spellCheck={false}
            onChange={(event) => onChange(event.target.value.split('\n'))}
          />
        </Field>
      );
  }
}

function hintFor(operator: FilterDraft['operator'], kind: Kind): string | undefined {
  if (operator === 'LIKE' || operator === 'ILIKE') return '% is any text, _ any character.';
  if (operator === '!=') return 'Rows in which the column is NULL are not copied either.';
  return kind === 'timestamptz' ? 'In UTC.' : undefined;
}

interface ValueInputProps {
  kind: Kind;
  value: string;
  onChange: (value: string) => void;
}

/** A picker where the kind has one, and the value fits into it. */
function ValueInput({ kind, value, onChange }: ValueInputProps) {
  if (kind === 'boolean') {
    return (
      <Select value={value} onChange={(event) => onChange(event.target.value)}>
        <option>true</option>
        <option>false</option>
      </Select>
    );
  }
  return (
    <Input
      type={inputType(kind, value)}
      step={1}
      inputMode={kind === 'number' ? 'decimal' : undefined}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function inputType(kind: Kind, value: string): 'date' | 'datetime-local' | 'text' {
  if (kind === 'date' && /^(\d{4}-\d\d-\d\d)?$/.test(value)) return 'date';
  const isTime = kind === 'timestamp' || kind === 'timestamptz';
  if (isTime && /^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?)?$/.test(value)) return 'datetime-local';
  return 'text';
}
