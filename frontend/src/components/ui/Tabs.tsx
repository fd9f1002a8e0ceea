import { Tabs as Base } from '@base-ui/react/tabs';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export interface Tab<Value extends string> {
  value: Value;
  label: ReactNode;
  icon?: LucideIcon;
  content: ReactNode;
}

interface TabsProps<Value extends string> {
  label: string;
  tabs: Tab<Value>[];
  value: Value;
  onChange: (value: Value) => void;
}

export function Tabs<Value extends string>({ label, tabs, value, onChange }: TabsProps<Value>) {
  return (
    <Base.Root value={value} onValueChange={(next) => onChange(next as Value)}>
      <Base.List aria-label={label} className="relative flex gap-1 overflow-x-auto border-b border-line">
        {tabs.map(({ value: name, label: text, icon: Icon }) => (
          <Base.Tab
            key={name}
            value={name}
            className="flex h-10 items-center gap-2 rounded-t-lg px-3 text-sm font-medium whitespace-nowrap text-muted -outline-offset-2 transition-colors hover:text-text data-active:text-text"
          >
            {Icon && <Icon aria-hidden className="size-4" />}
            {text}
          </Base.Tab>
        ))}
        <Base.Indicator className="absolute bottom-0 left-0 h-0.5 w-[var(--active-tab-width)] translate-x-[var(--active-tab-left)] rounded-full bg-accent transition-[translate,width] duration-150" />
      </Base.List>
      {tabs.map(({ value: name, content }) => (
        <Base.Panel key={name} value={name} className="pt-5 outline-offset-4">
          {content}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
