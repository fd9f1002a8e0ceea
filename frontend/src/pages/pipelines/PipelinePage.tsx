import { PageHeader } from '@/components/layout/PageHeader';

export function PipelinePage() {
  return <PageHeader title="Pipeline" />;
}
