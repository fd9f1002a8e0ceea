import { Collapsible } from '@base-ui/react/collapsible';
import { ChevronRight } from 'lucide-react';
import { useState, type ReactNode } from 'react';

interface DisclosureProps {
  title: string;
  /** What is in it, for those who leave it closed. */
  summary?: ReactNode;
  defaultOpen?: boolean;
  children: ReactNode;
}

/** What most people leave as it is, one step away. */
export function Disclosure({ title, summary, defaultOpen = false, children }: DisclosureProps) {
  const [open, setOpen] = useState(defaultOpen);
  return (
    <Collapsible.Root open={open} onOpenChange={setOpen} className="rounded-xl border border-line">
      <Collapsible.Trigger className="group flex min-h-10 w-full items-center gap-2 rounded-xl px-3 py-2 text-left text-sm font-medium hover:bg-hover">
        <ChevronRight
          aria-hidden
          className="size-4 shrink-0 text-muted transition-transform group-data-panel-open:rotate-90"
        />
        {title}
        {summary && <span className="min-w-0 truncate font-normal text-muted">{summary}</span>}
      </Collapsible.Trigger>
      <Collapsible.Panel className="px-3 pt-1 pb-4">{children}</Collapsible.Panel>
    </Collapsible.Root>
  );
}
