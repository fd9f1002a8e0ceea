import { clsx } from 'clsx';
import type { ComponentProps } from 'react';

/** A table that scrolls within itself where it is too wide. */
export function Table({ label, className, ...props }: ComponentProps<'table'> & { label: string }) {
  return (
    <div className="overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table {...props} aria-label={label} className={clsx('w-full border-collapse text-sm', className)} />
    </div>
  );
}

type Alignment = { numeric?: boolean };

export function Th({ numeric, className, ...props }: ComponentProps<'th'> & Alignment) {
  return (
    <th
      scope="col"
      {...props}
      className={clsx(
        'h-9 border-b border-line bg-sunken/60 px-3 text-xs font-medium whitespace-nowrap text-muted first:pl-4 last:pr-4 sm:first:pl-5 sm:last:pr-5',
        numeric ? 'text-right' : 'text-left',
        className,
      )}
    />
  );
}

export function Td({ numeric, className, ...props }: ComponentProps<'td'> & Alignment) {
  return (
    <td
      {...props}
      className={clsx(
        'border-b border-line px-3 py-2.5 align-middle first:pl-4 last:pr-4 sm:first:pl-5 sm:last:pr-5 [tr:last-child>&]:border-b-0',
        numeric && 'text-right tabular-nums',
        className,
      )}
    />
  );
}
