import type { Table } from '@/api/types';
import { Checkbox, Input, Switch } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import { columnPlace, type ColumnDraft } from './draft';

interface ColumnFieldsProps {
  table: Table;
  columns: ColumnDraft[];
  onChange: (columns: ColumnDraft[]) => void;
  complaints: Complaints;
}

/** Which columns are copied, and under which names. */
export function ColumnFields({ table, columns, onChange, complaints }: ColumnFieldsProps) {
  const chooses = columns.length > 0;
  const change = (name: string, changed: Partial<ColumnDraft>) =>
    onChange(columns.map((column) => (column.name === name ? { ...column, ...changed } : column)));
  return (
    <div className="space-y-3">
      <Switch
        label="Choose and rename columns"
        description="Otherwise all of them are copied under their own names."
        checked={chooses}
        onChange={(isOn) =>
          onChange(isOn ? table.columns.map(({ name }) => ({ name, isCopied: true, as: '' })) : [])
        }
      />
      {chooses && (
        <ul className="divide-y divide-line rounded-lg border border-line">
          {columns.map((column, index) => (
            <ColumnRow
              key={column.name}
              column={column}
              type={table.columns.find(({ name }) => name === column.name)?.type ?? ''}
              isKey={table.primary_key.includes(column.name)}
              onChange={(changed) => change(column.name, changed)}
              error={column.isCopied ? complaints.at(`columns[${columnPlace(columns, index)}]`) : undefined}
            />
          ))}
        </ul>
      )}
      {chooses && columns.every(({ isCopied }) => !isCopied) && (
        <p className="text-xs text-red">{complaints.at('columns') ?? 'Choose at least one column.'}</p>
      )}
    </div>
  );
}

interface ColumnRowProps {
  column: ColumnDraft;
  type: string;
  isKey: boolean;
  onChange: (changed: Partial<ColumnDraft>) => void;
  error?: string;
}

function ColumnRow({ column: { name, isCopied, as }, type, isKey, onChange, error }: ColumnRowProps) {
  return (
    <li className="px-3 py-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 sm:flex-nowrap">
        <div className="min-w-0 basis-full sm:flex-1 sm:basis-auto">
          <Checkbox
            label={<span className="wrap-anywhere">{name}</span>}
            description={isKey ? `${type}, key` : type}
            checked={isCopied}
            onChange={(next) => onChange({ isCopied: next })}
          />
        </div>
        <Input
          aria-label={`Name of ${name} at the destinations`}
          value={as}
          placeholder={name}
          disabled={!isCopied}
          onChange={(event) => onChange({ as: event.target.value })}
          className="sm:max-w-44"
        />
      </div>
      {error && <p className="mt-1 text-xs text-red">{error}</p>}
    </li>
  );
}
