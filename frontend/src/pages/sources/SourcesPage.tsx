import { PageHeader } from '@/components/layout/PageHeader';

export function SourcesPage() {
  return <PageHeader title="Sources" />;
}
