import { useQueries, useQuery } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ListChecks, SearchX } from 'lucide-react';
import { useLayoutEffect, useState } from 'react';
import { jobListQuery } from '@/api/queries';
import { useConfirmedAction } from '@/components/jobs/useConfirmedAction';
import { Button, ButtonLink } from '@/components/ui/Button';
import { EmptyState } from '@/components/ui/EmptyState';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { JobRow, JobTableHead, SkeletonRow } from './JobRow';
import { PAGE, isFiltered, pagesOf, queryOf } from './query';
import type { JobsSearch } from './search';
import { useIsWide } from './useIsWide';

interface JobTableProps {
  search: JobsSearch;
  choose: (changes: Partial<JobsSearch>) => void;
}

/** All jobs that match, as one long table. Only rows in view are made, and only their pages are fetched. */
export function JobTable({ search, choose }: JobTableProps) {
  const { perform, dialog } = useConfirmedAction();
  const isWide = useIsWide();
  const [top, setTop] = useState(0);
  const first = useQuery(jobListQuery(queryOf(search, 0)));
  const total = first.data?.total;
  const rows = useWindowVirtualizer({
    count: total ?? 0,
    estimateSize: () => (isWide ? 57 : 101),
    overscan: 10,
    scrollMargin: top,
  });
  useLayoutEffect(() => rows.measure(), [rows, isWide]);
  const visible = rows.getVirtualItems();
  const pages = pagesOf(visible[0]?.index ?? 0, visible.at(-1)?.index ?? 0);
  const lists = useQueries({ queries: pages.map((page) => jobListQuery(queryOf(search, page))) });

  if (first.error && !first.data) {
    return (
      <div className="p-4">
        <ErrorPanel error={first.error} onRetry={() => void first.refetch()} />
      </div>
    );
  }
  if (total === undefined) return <SkeletonRows rows={10} />;
  if (total === 0) return <NoJobs search={search} choose={choose} />;
  return (
    <div role="table" aria-label="Jobs" aria-rowcount={total + 1}>
      <JobTableHead />
      <div
        ref={(element) => {
          if (element) setTop(element.getBoundingClientRect().top + window.scrollY);
        }}
        role="rowgroup"
        className="relative"
        style={{ height: rows.getTotalSize() }}
      >
        {visible.map(({ index, start, size }) => {
          const job = lists[pages.indexOf(Math.floor(index / PAGE))]?.data?.items[index % PAGE];
          const place = { top: start - top, height: size };
          return job ? (
            <JobRow key={job.id} index={index} place={place} job={job} perform={perform} />
          ) : (
            <SkeletonRow key={`row ${index}`} index={index} place={place} />
          );
        })}
      </div>
      {dialog}
    </div>
  );
}

function NoJobs({ search, choose }: JobTableProps) {
  if (!isFiltered(search)) {
    return (
      <EmptyState
        icon={ListChecks}
        title="No jobs yet"
        action={
          <ButtonLink to="/pipelines" variant="primary">
            Pipelines
          </ButtonLink>
        }
      >
        A job copies one table of a pipeline&apos;s source to all of its destinations. Open a pipeline to
        start one.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={SearchX}
      title="No job is like that"
      action={
        <Button
          onClick={() =>
            choose({ status: undefined, pipeline: undefined, source: undefined, search: undefined })
          }
        >
          Show all jobs
        </Button>
      }
    >
      Search looks into the names of tables and pipelines, and at the numbers of jobs.
    </EmptyState>
  );
}
