import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Card } from '@/components/ui/Card';
import { ButtonLink } from '@/components/ui/Button';
import { EmptyState } from '@/components/ui/EmptyState';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { SkeletonRows } from '@/components/ui/Skeleton';

export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return <ErrorPanel error={error} onRetry={retry} />;
}

export const RoutePending = () => (
  <Card flush>
    <SkeletonRows />
  </Card>
);

export const NotFound = () => (
  <Card>
    <title>Not found · Backfill</title>
    <EmptyState
      icon={Compass}
      title="There is no such page"
      heading="h1"
      action={<ButtonLink to="/">To the overview</ButtonLink>}
    >
      The address may be mistyped, or what it led to was deleted.
    </EmptyState>
  </Card>
);
