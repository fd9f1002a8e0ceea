import { CircleAlert, RotateCw } from 'lucide-react';
import { asProblem } from '@/api/problem';
import { Button } from './Button';

/** A problem in the API's own words, and a way to try again. */
export function ErrorPanel({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, errors = [] } = asProblem(error);
  // Where a field is named, the detail repeats it.
  const said = new Set(errors.map(({ field, message }) => `${field}: ${message}`));
  return (
    <div
      role="alert"
      className="flex items-start gap-3 rounded-xl border border-red-solid/40 bg-red-soft p-4"
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-red" />
      <div className="min-w-0 flex-1 text-sm wrap-anywhere">
        <p className="font-medium text-red">{title}</p>
        {!said.has(detail) && <p>{detail}</p>}
        {errors.length > 0 && (
          <ul className="mt-1 space-y-0.5">
            {errors.map(({ field, message }) => (
              <li key={`${field} ${message}`}>
                <code className="font-mono text-xs">{field}</code>: {message}
              </li>
            ))}
          </ul>
        )}
      </div>
      {onRetry && (
        <Button size="small" icon={RotateCw} onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
