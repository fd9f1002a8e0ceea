import { clsx } from 'clsx';
import { useId, type ReactNode } from 'react';

interface CardProps {
  title?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** Without inner space, for tables and lists that reach the card's edges. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

export function Card({ title, description, actions, flush, className, children }: CardProps) {
  const heading = useId();
  return (
    <section
      aria-labelledby={title ? heading : undefined}
      className={clsx(
        'min-w-0 overflow-hidden rounded-xl border border-line bg-surface shadow-card',
        className,
      )}
    >
      {title && (
        <header className="flex min-h-12 flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 pt-3 pb-2 sm:px-5">
          <div className="min-w-0">
            <h2 id={heading} className="text-sm font-semibold">
              {title}
            </h2>
            {description && <p className="text-xs text-muted">{description}</p>}
          </div>
          {actions && <div className="flex items-center gap-2">{actions}</div>}
        </header>
      )}
      <div className={clsx(!flush && (title ? 'px-4 pb-4 sm:px-5 sm:pb-5' : 'p-4 sm:p-5'))}>{children}</div>
    </section>
  );
}
