import { Menu as Base } from '@base-ui/react/menu';
import { clsx } from 'clsx';
import type { LucideIcon } from 'lucide-react';
import type { ReactElement } from 'react';

export interface MenuItem {
  label: string;
  icon: LucideIcon;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

export function Menu({ trigger, items }: { trigger: ReactElement; items: MenuItem[] }) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="z-50 outline-none" sideOffset={4} align="end">
          <Base.Popup className="min-w-44 rounded-xl border border-line bg-surface p-1 shadow-popup transition-opacity duration-100 outline-none data-ending-style:opacity-0 data-starting-style:opacity-0">
            {items.map(({ label, icon: Icon, onSelect, danger, disabled }) => (
              <Base.Item
                key={label}
                disabled={disabled}
                onClick={onSelect}
                className={clsx(
                  'flex h-8 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-sm outline-none select-none data-disabled:opacity-50 data-highlighted:bg-hover',
                  danger && 'text-red',
                )}
              >
                <Icon aria-hidden className="size-4 opacity-80" />
                {label}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
