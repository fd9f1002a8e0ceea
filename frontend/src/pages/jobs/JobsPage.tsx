import { PageHeader } from '@/components/layout/PageHeader';

export function JobsPage() {
  return <PageHeader title="Jobs" />;
}
