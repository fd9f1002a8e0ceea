import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { KeyRound } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { tablesQuery } from '@/api/queries';
import type { Source, Table } from '@/api/types';
import { TABLE_KINDS } from '@/components/connections/tableKinds';
import { matches } from '@/components/records/matches';
import { SearchField } from '@/components/records/SearchField';
import { Dialog } from '@/components/ui/Dialog';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { formatBytes, formatCount } from '@/format/number';

/** What there is to copy at a source. */
export function TablesDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const tables = useQuery(tablesQuery(source.id));
  const [search, setSearch] = useState('');
  const found = useMemo(
    () => (tables.data ?? []).filter((table) => matches(search, [`${table.schema}.${table.name}`])),
    [tables.data, search],
  );
  return (
    <Dialog
      open
      size="large"
      onClose={onClose}
      title={`Tables of ${source.name}`}
      description="Rows are the planner's estimates, sizes are without indexes."
    >
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <SearchField label="Search tables" value={search} onChange={setSearch} />
        <span className="text-xs text-muted" aria-live="polite">
          {tables.data && `${formatCount(found.length)} of ${formatCount(tables.data.length)}`}
        </span>
      </div>
      {tables.isPending && <SkeletonRows label="Loading the tables" />}
      {tables.error && <ErrorPanel error={tables.error} onRetry={() => void tables.refetch()} />}
      {tables.data && found.length === 0 && (
        <p className="py-8 text-center text-sm text-muted">
          {tables.data.length === 0
            ? 'There are no tables or views that this user sees.'
            : 'Nothing matches.'}
        </p>
      )}
      {found.length > 0 && <TableRows tables={found} />}
    </Dialog>
  );
}

const ROW = 'grid grid-cols-[minmax(0,1fr)_5.5rem] gap-x-4 sm:grid-cols-[minmax(0,1fr)_9rem_7rem_6rem_10rem]';

function TableRows({ tables }: { tables: Table[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: tables.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 44,
    overscan: 10,
  });
  return (
    <div role="table" aria-label="Tables" aria-rowcount={tables.length}>
      <div role="rowgroup">
        <div role="row" className={`${ROW} border-b border-line pb-2 text-xs font-medium text-muted`}>
          <span role="columnheader">Table</span>
          <span role="columnheader" className="hidden sm:block">
            Kind
          </span>
          <span role="columnheader" className="text-right">
            Rows
          </span>
          <span role="columnheader" className="hidden text-right sm:block">
            Size
          </span>
          <span role="columnheader" className="hidden sm:block">
            Key
          </span>
        </div>
      </div>
      <div ref={scroller} role="rowgroup" tabIndex={0} className="max-h-[50dvh] overflow-y-auto">
        <div role="presentation" className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start, size }) => (
            <TableRow key={index} table={tables[index] as Table} top={start} height={size} />
          ))}
        </div>
      </div>
    </div>
  );
}

function TableRow({ table, top, height }: { table: Table; top: number; height: number }) {
  return (
    <div
      role="row"
      className={`${ROW} absolute inset-x-0 items-center border-b border-line text-sm`}
      style={{ top, height }}
    >
      <span role="cell" className="truncate" title={`${table.schema}.${table.name}`}>
        <span className="text-muted">{table.schema}.</span>
        {table.name}
      </span>
      <span role="cell" className="hidden truncate text-muted sm:block">
        {TABLE_KINDS[table.kind]}
      </span>
      <span role="cell" className="text-right tabular-nums">
        {table.estimated_rows == null ? <Unknown /> : formatCount(table.estimated_rows)}
      </span>
      <span role="cell" className="hidden text-right tabular-nums sm:block">
        {table.bytes == null ? <Unknown /> : formatBytes(table.bytes)}
      </span>
      <span role="cell" className="hidden items-center gap-1.5 truncate sm:flex">
        {table.primary_key.length > 0 ? (
          <>
            <KeyRound aria-hidden className="size-3.5 shrink-0 text-muted" />
            <span className="truncate">{table.primary_key.join(', ')}</span>
          </>
        ) : (
          <span className="text-muted">none</span>
        )}
      </span>
    </div>
  );
}

const Unknown = () => (
  <span className="text-muted" title="Unknown: the table has not been analyzed">
    –
  </span>
);
