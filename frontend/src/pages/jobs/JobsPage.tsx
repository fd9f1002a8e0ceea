import { getRouteApi } from '@tanstack/react-router';
import { useCallback } from 'react';
import { PageHeader } from '@/components/layout/PageHeader';
import { Card } from '@/components/ui/Card';
import { JobFilters } from './JobFilters';
import { JobTable } from './JobTable';
import type { JobsSearch } from './search';

const route = getRouteApi('/jobs');

export function JobsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const choose = useCallback(
    (changes: Partial<JobsSearch>) =>
      void navigate({ search: (old) => ({ ...old, ...changes }), replace: true }),
    [navigate],
  );
  return (
    <>
      <PageHeader title="Jobs" />
      <div className="flex flex-col gap-4">
        <JobFilters search={search} choose={choose} />
        <Card flush>
          {/* Another choice is another list: it begins at its top. */}
          <JobTable key={JSON.stringify(search)} search={search} choose={choose} />
        </Card>
      </div>
    </>
  );
}
