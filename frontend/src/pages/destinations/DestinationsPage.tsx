import { useMutation, useQuery } from '@tanstack/react-query';
import { Ellipsis, HardDriveDownload, Pencil, PlugZap, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, dataOf } from '@/api/client';
import { destinationsQuery } from '@/api/queries';
import type { Destination } from '@/api/types';
import { TestRunning } from '@/components/connections/TestResult';
import { PageHeader } from '@/components/layout/PageHeader';
import { DeleteDialog } from '@/components/records/DeleteDialog';
import { matches } from '@/components/records/matches';
import { SearchField } from '@/components/records/SearchField';
import { Button, IconButton } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';
import { EmptyState } from '@/components/ui/EmptyState';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { Menu } from '@/components/ui/Menu';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { DestinationDialog } from './DestinationDialog';
import { placeOf } from './destinationForm';
import { DestinationTestResult } from './DestinationTestResult';
import { DESTINATION_TYPES } from './destinationTypes';

type Open = { what: 'create' } | { what: 'edit' | 'delete'; destination: Destination };

export function DestinationsPage() {
  const destinations = useQuery(destinationsQuery);
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<Open | null>(null);
  const all = destinations.data?.items ?? [];
  const found = all.filter((place) =>
    matches(search, [place.name, placeOf(place), DESTINATION_TYPES[place.type].label]),
  );
  const create = (
    <Button variant="primary" icon={Plus} onClick={() => setOpen({ what: 'create' })}>
      New destination
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Destinations"
        description="Places that tables can be copied to."
        actions={all.length > 0 && create}
      />
      {all.length > 0 && (
        <div className="mb-4">
          <SearchField label="Search destinations" value={search} onChange={setSearch} />
        </div>
      )}
      <Card flush>
        {destinations.isPending && <SkeletonRows label="Loading the destinations" />}
        {destinations.error && (
          <div className="p-4">
            <ErrorPanel error={destinations.error} onRetry={() => void destinations.refetch()} />
          </div>
        )}
        {destinations.data && all.length === 0 && (
          <EmptyState icon={HardDriveDownload} title="No destinations yet" action={create}>
            A destination is where history goes: another PostgreSQL, a DuckDB file, or Parquet files in a
            folder.
          </EmptyState>
        )}
        {all.length > 0 && found.length === 0 && (
          <p className="p-8 text-center text-sm text-muted">No destination matches.</p>
        )}
        <ul className="divide-y divide-line">
          {found.map((destination) => (
            <DestinationRow key={destination.id} destination={destination} onOpen={setOpen} />
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
      return <DestinationDialog onClose={onClose} />;
    case 'edit':
      return <DestinationDialog destination={open.destination} onClose={onClose} />;
    case 'delete':
      return (
        <DeleteDialog
          kind="destination"
          name={open.destination.name}
          queryKey={destinationsQuery.queryKey}
          remove={() =>
            api.DELETE('/api/v1/destinations/{id}', { params: { path: { id: open.destination.id } } })
          }
          onClose={onClose}
        >
          <p>Backfill forgets how to reach it. What has been copied there stays.</p>
        </DeleteDialog>
      );
  }
}

interface DestinationRowProps {
  destination: Destination;
  onOpen: (open: Open) => void;
}

function DestinationRow({ destination, onOpen }: DestinationRowProps) {
  const test = useMutation({
    mutationFn: () =>
      dataOf(api.POST('/api/v1/destinations/{id}/test', { params: { path: { id: destination.id } } })),
  });
  const { label, icon: Icon } = DESTINATION_TYPES[destination.type];
  return (
    <li className="px-4 py-3 sm:px-5">
      <div className="flex items-center gap-3">
        <span className="flex size-9 shrink-0 items-center justify-center rounded-lg bg-sunken text-muted">
          <Icon aria-hidden className="size-4" />
        </span>
        <div className="min-w-0 flex-1">
          <p className="font-medium">{destination.name}</p>
          <p className="text-xs wrap-anywhere text-muted">
            {label} · {placeOf(destination)}
          </p>
        </div>
        <Button
          size="small"
          icon={PlugZap}
          busy={test.isPending}
          onClick={() => test.mutate()}
          className="hidden sm:inline-flex"
        >
          Test
        </Button>
        <Menu
          trigger={<IconButton label={`Actions for ${destination.name}`} icon={Ellipsis} />}
          items={[
            { label: 'Test', icon: PlugZap, onSelect: () => test.mutate() },
            { label: 'Edit', icon: Pencil, onSelect: () => onOpen({ what: 'edit', destination }) },
            {
              label: 'Delete',
              icon: Trash2,
              danger: true,
              onSelect: () => onOpen({ what: 'delete', destination }),
            },
          ]}
        />
      </div>
      <div className="mt-3 empty:hidden">
        {test.isPending && <TestRunning />}
        {test.data && <DestinationTestResult test={test.data} />}
        {test.error && <ErrorPanel error={test.error} />}
      </div>
    </li>
  );
}
