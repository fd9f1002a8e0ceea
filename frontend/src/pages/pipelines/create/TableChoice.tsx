import { useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { tablesQuery } from '@/api/queries';
import type { Table } from '@/api/types';
import { TABLE_KINDS } from '@/components/connections/tableKinds';
import { Combobox } from '@/components/ui/Combobox';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Field } from '@/components/ui/Field';
import { formatBytes, formatCompact, formatCount } from '@/format/number';

interface TableChoiceProps {
  source: number;
  value: Table | null;
  onChange: (table: Table | null) => void;
  error?: string;
}

/** A table or view of the source's catalogue. */
export function TableChoice({ source, value, onChange, error }: TableChoiceProps) {
  const tables = useQuery(tablesQuery(source));
  return (
    <>
      <Field label="Table" description={value && describe(value)} error={error}>
        <Combobox
          items={tables.data ?? []}
          value={value}
          onChange={onChange}
          text={(table) => `${table.schema}.${table.name}`}
          isSame={(a, b) => a.schema === b.schema && a.name === b.name}
          render={(table) => <TableItem table={table} />}
          itemHeight={48}
          placeholder={tables.isPending ? 'Reading the catalogue…' : 'Search tables'}
          empty={tables.isPending ? 'Reading the catalogue…' : 'No table matches.'}
        />
      </Field>
      {tables.error && <ErrorPanel error={tables.error} onRetry={() => void tables.refetch()} />}
    </>
  );
}

function TableItem({ table }: { table: Table }) {
  const { schema, name, estimated_rows, bytes, primary_key, kind } = table;
  return (
    <span className="flex items-center justify-between gap-3">
      <span className="min-w-0">
        <span className="block truncate">
          <span className="text-muted">{schema}.</span>
          {name}
        </span>
        <span className="flex items-center gap-1 truncate text-xs font-normal text-muted">
          {primary_key.length > 0 ? (
            <>
              <KeyRound aria-label="Primary key" className="size-3 shrink-0" />
              {primary_key.join(', ')}
            </>
          ) : kind === 'table' || kind === 'partitioned_table' ? (
            'no primary key'
          ) : (
            TABLE_KINDS[kind]
          )}
        </span>
      </span>
      <span className="shrink-0 text-right text-xs font-normal text-muted tabular-nums">
        <span className="block">
          {estimated_rows == null ? 'rows unknown' : `${formatCompact(estimated_rows)} rows`}
        </span>
        {bytes != null && formatBytes(bytes)}
      </span>
    </span>
  );
}

function describe({ kind, estimated_rows, bytes, primary_key, columns }: Table): string {
  return [
    TABLE_KINDS[kind],
    estimated_rows == null
      ? 'rows unknown before the first ANALYZE'
      : `about ${formatCount(estimated_rows)} rows`,
    ...(bytes == null ? [] : [formatBytes(bytes)]),
    `${formatCount(columns.length)} columns`,
    primary_key.length > 0 ? `key ${primary_key.join(', ')}` : 'no primary key',
  ].join(' · ');
}
