import { PageHeader } from '@/components/layout/PageHeader';

export function DestinationsPage() {
  return <PageHeader title="Destinations" />;
}
