import { PageHeader } from '@/components/layout/PageHeader';

export function JobPage() {
  return <PageHeader title="Job" />;
}
