import type { ReactNode } from 'react';

interface PageHeaderProps {
  /** Names the page here and in the browser's tab. */
  title: string;
  /** The heading, where it is more than the title's text. */
  heading?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, heading, description, actions }: PageHeaderProps) {
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3 lg:mb-6">
      <title>{`${title} · Backfill`}</title>
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">{heading ?? title}</h1>
        {description && <div className="mt-1 text-sm text-muted">{description}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}
