import { useQuery } from '@tanstack/react-query';
import { clsx } from 'clsx';
import { Search, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { JobStatus } from '@/api/types';
import { pipelinesQuery, sourcesQuery, statsQuery } from '@/api/queries';
import { statusWord } from '@/components/ui/Badge';
import { Button } from '@/components/ui/Button';
import { Select, controlLook } from '@/components/ui/Field';
import { formatCompact } from '@/format/number';
import { positive } from '@/search';
import { isFiltered } from './query';
import { STATUSES, type JobsSearch } from './search';

interface JobFiltersProps {
  search: JobsSearch;
  choose: (changes: Partial<JobsSearch>) => void;
}

const ORDERS: Record<NonNullable<JobsSearch['sort']>, string> = {
  '-created_at': 'Newest first',
  created_at: 'Oldest first',
  '-updated_at': 'Changed last',
  '-count_record': 'Most rows',
  table_name: 'By table',
};

export function JobFilters({ search, choose }: JobFiltersProps) {
  const pipelines = useQuery(pipelinesQuery).data?.items ?? [];
  const sources = useQuery(sourcesQuery).data?.items ?? [];
  return (
    <div role="search" aria-label="Jobs" className="flex flex-col gap-3">
      <StatusFilter chosen={search.status ?? []} onChange={(status) => choose({ status })} />
      <div className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
        <SearchBox value={search.search ?? ''} choose={choose} />
        <Select
          aria-label="Pipeline"
          value={search.pipeline ?? ''}
          onChange={(event) => choose({ pipeline: positive(event.target.value) })}
          className="sm:w-44"
        >
          <option value="">All pipelines</option>
          {pipelines.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
        <Select
          aria-label="Source"
          value={search.source ?? ''}
          onChange={(event) => choose({ source: positive(event.target.value) })}
          className="sm:w-40"
        >
          <option value="">All sources</option>
          {sources.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
        <Select
          aria-label="Order"
          value={search.sort ?? '-created_at'}
          onChange={(event) => {
            const sort = event.target.value as keyof typeof ORDERS;
            choose({ sort: sort === '-created_at' ? undefined : sort });
          }}
          className="sm:w-36"
        >
          {Object.entries(ORDERS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        {isFiltered(search) && (
          <Button
            variant="ghost"
            icon={X}
            onClick={() =>
              choose({ status: undefined, pipeline: undefined, source: undefined, search: undefined })
            }
          >
            Show all
          </Button>
        )}
      </div>
    </div>
  );
}

/** Any number of states, each with how many jobs are in it. */
function StatusFilter({
  chosen,
  onChange,
}: {
  chosen: JobStatus[];
  onChange: (chosen?: JobStatus[]) => void;
}) {
  const jobs = useQuery(statsQuery).data?.jobs;
  const toggle = (status: JobStatus) => {
    const next = STATUSES.filter((one) => (one === status) !== chosen.includes(one));
    onChange(next.length > 0 ? next : undefined);
  };
  return (
    <div
      role="group"
      aria-label="State"
      className="-mx-4 flex gap-1.5 overflow-x-auto px-4 py-0.5 sm:mx-0 sm:flex-wrap sm:px-0"
    >
      {STATUSES.map((status) => {
        const pressed = chosen.includes(status);
        return (
          <button
            key={status}
            type="button"
            aria-pressed={pressed}
            onClick={() => toggle(status)}
            className={clsx(
              'flex h-8 shrink-0 items-center gap-2 rounded-full border px-3 text-xs font-medium transition-colors',
              pressed
                ? 'border-accent bg-accent-soft text-accent-text'
                : 'border-line-strong bg-surface text-muted hover:bg-hover hover:text-text',
            )}
          >
            {statusWord(status)}
            <span className="min-w-[1ch] tabular-nums">{jobs && formatCompact(jobs[status] ?? 0)}</span>
          </button>
        );
      })}
    </div>
  );
}

/** Searches a moment after the last key. */
function SearchBox({ value, choose }: { value: string; choose: JobFiltersProps['choose'] }) {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // It was changed from outside: by the way back, or by showing all.
    setKnown(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => choose({ search: typed || undefined }), 250);
    return () => clearTimeout(timer);
  }, [typed, value, choose]);
  return (
    <div className="relative col-span-2 sm:w-72">
      <Search aria-hidden className="pointer-events-none absolute top-2.5 left-3 size-4 text-muted" />
      <input
        type="search"
        aria-label="Search by table, pipeline or number"
        placeholder="Table, pipeline or number"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className={clsx(controlLook, 'h-9 pr-3 pl-9')}
      />
    </div>
  );
}
