import { PageHeader } from '@/components/layout/PageHeader';

export function OverviewPage() {
  return <PageHeader title="Overview" />;
}
