import { Toast as Base } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { asProblem } from '@/api/problem';
import { IconButton } from './Button';

/** Says in a corner what was done, or why it was not; screen readers hear it. */
export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className="fixed inset-x-4 bottom-20 z-60 flex flex-col gap-2 sm:left-auto sm:w-88 lg:bottom-5">
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

export function useToast() {
  const { add } = Base.useToastManager();
  return {
    success: (title: string, description?: string) => add({ type: 'success', title, description }),
    /** For what failed: the problem's own words. It stays until it is closed. */
    failure: (title: string, error: unknown) =>
      add({ type: 'failure', title, description: asProblem(error).detail, timeout: 0, priority: 'high' }),
  };
}

function Toasts() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root
      key={toast.id}
      toast={toast}
      className="rounded-xl border border-line bg-surface shadow-popup transition-opacity duration-150 data-ending-style:opacity-0 data-limited:hidden data-starting-style:opacity-0"
    >
      <Base.Content className="flex items-start gap-3 p-3">
        {toast.type === 'failure' ? (
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-red" />
        ) : (
          <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-green" />
        )}
        <div className="min-w-0 flex-1 text-sm wrap-anywhere">
          <Base.Title className="font-medium" />
          <Base.Description className="text-muted" />
        </div>
        <Base.Close render={<IconButton label="Dismiss" icon={X} className="-my-1.5 -mr-1.5" />} />
      </Base.Content>
    </Base.Root>
  ));
}
