import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

interface EmptyStateProps {
  icon: LucideIcon;
  title: string;
  /** Where it is all that a page has, its heading. */
  heading?: 'h1' | 'p';
  /** What belongs here, and how it gets here. */
  children: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon: Icon, title, heading: Heading = 'p', children, action }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center px-6 py-12 text-center">
      <span className="flex size-11 items-center justify-center rounded-xl bg-sunken text-muted">
        <Icon aria-hidden className="size-5" />
      </span>
      <Heading className="mt-4 font-medium">{title}</Heading>
      <div className="mt-1 max-w-md text-sm text-balance text-muted">{children}</div>
      {action && <div className="mt-5">{action}</div>}
    </div>
  );
}
