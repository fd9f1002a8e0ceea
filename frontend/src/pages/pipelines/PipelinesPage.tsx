import { PageHeader } from '@/components/layout/PageHeader';

export function PipelinesPage() {
  return <PageHeader title="Pipelines" />;
}
