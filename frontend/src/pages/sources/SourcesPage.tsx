import { useMutation, useQuery } from '@tanstack/react-query';
import { Database, Ellipsis, Pencil, PlugZap, Plus, Table2, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, dataOf } from '@/api/client';
import { sourcesQuery } from '@/api/queries';
import type { Source } from '@/api/types';
import { TestRunning } from '@/components/connections/TestResult';
import { PageHeader } from '@/components/layout/PageHeader';
import { DeleteDialog } from '@/components/records/DeleteDialog';
import { matches } from '@/components/records/matches';
import { SearchField } from '@/components/records/SearchField';
import { Badge } from '@/components/ui/Badge';
import { Button, IconButton } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Menu } from '@/components/ui/Menu';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { countLimits } from './limits';
import { SourceDialog } from './SourceDialog';
import { SourceTestResult } from './SourceTestResult';
import { TablesDialog } from './TablesDialog';

type Open = { what: 'create' } | { what: 'edit' | 'delete' | 'tables'; source: Source };

export function SourcesPage() {
  const sources = useQuery(sourcesQuery);
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<Open | null>(null);
  const all = sources.data?.items ?? [];
  const found = all.filter((source) => matches(search, [source.name, addressOf(source)]));
  const create = (
    <Button variant="primary" icon={Plus} onClick={() => setOpen({ what: 'create' })}>
      New source
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Sources"
        description="PostgreSQL databases whose tables can be copied."
        actions={all.length > 0 && create}
      />
      {all.length > 0 && (
        <div className="mb-4">
          <SearchField label="Search sources" value={search} onChange={setSearch} />
        </div>
      )}
      <Card flush>
        {sources.isPending && <SkeletonRows label="Loading the sources" />}
        {sources.error && (
          <div className="p-4">
            <ErrorPanel error={sources.error} onRetry={() => void sources.refetch()} />
          </div>
        )}
        {sources.data && all.length === 0 && (
          <EmptyState icon={Database} title="No sources yet" action={create}>
            A source is a PostgreSQL whose history you want elsewhere. A user that may read its tables is
            enough.
          </EmptyState>
        )}
        {all.length > 0 && found.length === 0 && (
          <p className="p-8 text-center text-sm text-muted">No source matches.</p>
        )}
        <ul className="divide-y divide-line">
          {found.map((source) => (
            <SourceRow key={source.id} source={source} onOpen={setOpen} />
          ))}
        </ul>
      </Card>
      <Opened open={open} onClose={() => setOpen(null)} />
    </>
  );
}

function Opened({ open, onClose }: { open: Open | null; onClose: () => void }) {
  switch (open?.what) {
    case undefined:
      return null;
    case 'create':
      return <SourceDialog onClose={onClose} />;
    case 'edit':
      return <SourceDialog source={open.source} onClose={onClose} />;
    case 'tables':
      return <TablesDialog source={open.source} onClose={onClose} />;
    case 'delete':
      return (
        <DeleteDialog
          kind="source"
          name={open.source.name}
          queryKey={sourcesQuery.queryKey}
          remove={() => api.DELETE('/api/v1/sources/{id}', { params: { path: { id: open.source.id } } })}
          onClose={onClose}
        >
          <p>Backfill forgets how to reach it. The database itself is not touched.</p>
        </DeleteDialog>
      );
  }
}

function SourceRow({ source, onOpen }: { source: Source; onOpen: (open: Open) => void }) {
  const test = useMutation({
    mutationFn: () => dataOf(api.POST('/api/v1/sources/{id}/test', { params: { path: { id: source.id } } })),
  });
  const limits = countLimits(source.limits);
  return (
    <li className="px-4 py-3 sm:px-5">
      <div className="flex items-center gap-3">
        <div className="min-w-0 flex-1">
          <p className="flex flex-wrap items-center gap-2 font-medium">
            {source.name}
            {limits > 0 && <Badge>{limits === 1 ? '1 limit' : `${limits} limits`}</Badge>}
          </p>
          <p className="text-xs wrap-anywhere text-muted">
            {addressOf(source)} · as {source.username} · sslmode {source.sslmode}
          </p>
        </div>
        <span className="hidden items-center gap-2 sm:flex">
          <Button size="small" icon={Table2} onClick={() => onOpen({ what: 'tables', source })}>
            Tables
          </Button>
          <Button size="small" icon={PlugZap} busy={test.isPending} onClick={() => test.mutate()}>
            Test
          </Button>
        </span>
        <Menu
          trigger={<IconButton label={`Actions for ${source.name}`} icon={Ellipsis} />}
          items={[
            { label: 'Tables', icon: Table2, onSelect: () => onOpen({ what: 'tables', source }) },
            { label: 'Test connection', icon: PlugZap, onSelect: () => test.mutate() },
            { label: 'Edit', icon: Pencil, onSelect: () => onOpen({ what: 'edit', source }) },
            {
              label: 'Delete',
              icon: Trash2,
              danger: true,
              onSelect: () => onOpen({ what: 'delete', source }),
            },
          ]}
        />
      </div>
      <div className="mt-3 empty:hidden">
        {test.isPending && <TestRunning />}
        {test.data && <SourceTestResult test={test.data} />}
        {test.error && <ErrorPanel error={test.error} />}
      </div>
    </li>
  );
}

const addressOf = ({ host, port, database }: Source) => `${host}:${port}/${database}`;
