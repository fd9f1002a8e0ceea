import { clsx } from 'clsx';
import { CopyButton } from './CopyButton';

/** Text of several lines that is copied as it is, such as SQL. */
export function Code({ label, text, wraps }: { label: string; text: string; wraps?: boolean }) {
  return (
    <figure className="overflow-hidden rounded-lg border border-line bg-sunken">
      <figcaption className="flex items-center justify-between gap-2 border-b border-line py-1.5 pr-1.5 pl-3 text-xs text-muted">
        {label}
        <CopyButton text={text} />
      </figcaption>
      <pre
        tabIndex={0}
        className={clsx(
          'max-h-80 overflow-auto p-3 font-mono text-xs leading-relaxed',
          wraps && 'wrap-anywhere whitespace-pre-wrap',
        )}
      >
        {text}
      </pre>
    </figure>
  );
}
