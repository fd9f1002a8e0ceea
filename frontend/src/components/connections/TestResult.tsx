import { CircleCheck, PlugZap, TriangleAlert, Unplug, type LucideIcon } from 'lucide-react';
import { clsx } from 'clsx';
import type { ReactNode } from 'react';

interface TestResultProps {
  reachable: boolean;
  /** What stands in the way of a backfill, and what to do. */
  missing: string[];
  /** What was found, where it was reached. */
  children?: ReactNode;
}

/** What the test of a connection has found. */
export function TestResult({ reachable, missing, children }: TestResultProps) {
  const [look, icon, verdict] = verdictOf(reachable, missing.length === 0);
  const Icon = icon;
  return (
    <div role="status" className={clsx('flex items-start gap-3 rounded-xl p-3 text-sm', look)}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1 space-y-1 wrap-anywhere">
        <p className="font-medium">{verdict}</p>
        {children && <p className="text-text">{children}</p>}
        {missing.length > 0 && (
          <ul className="space-y-1 text-text">
            {missing.map((message) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

function verdictOf(reachable: boolean, isComplete: boolean): [string, LucideIcon, string] {
  if (!reachable) return ['bg-red-soft text-red', Unplug, 'Out of reach'];
  if (!isComplete) return ['bg-amber-soft text-amber', TriangleAlert, 'Reached, but something is missing'];
  return ['bg-green-soft text-green', CircleCheck, 'Ready'];
}

/** Stands where the result of a test will be, while it is made. */
export function TestRunning() {
  return (
    <div role="status" className="flex items-center gap-3 rounded-xl bg-sunken p-3 text-sm text-muted">
      <PlugZap aria-hidden className="size-4 shrink-0 animate-pulse" />
      Connecting…
    </div>
  );
}
