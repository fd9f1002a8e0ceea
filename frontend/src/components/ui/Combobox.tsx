import { Combobox as Base } from '@base-ui/react/combobox';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { clsx } from 'clsx';
import { ChevronDown, X } from 'lucide-react';
import { useCallback, useImperativeHandle, useRef, useState, type ReactNode, type RefObject } from 'react';
import { controlLook } from './Field';

interface ComboboxProps<Item> {
  items: readonly Item[];
  value: Item | null;
  onChange: (item: Item | null) => void;
  /** The item's name: searched, and shown once it is chosen. */
  text: (item: Item) => string;
  isSame?: (item: Item, value: Item) => boolean;
  /** How an item looks in the list; its name unless given. */
  render?: (item: Item) => ReactNode;
  /** The height of an item in the list. */
  itemHeight?: number;
  placeholder?: string;
  /** What the list says where nothing matches. */
  empty?: ReactNode;
  clearable?: boolean;
  disabled?: boolean;
  /** For one without a `Field` around it. */
  label?: string;
}

type Rows = Virtualizer<HTMLDivElement, Element>;

/** A searchable choice, smooth with ten thousand items. */
export function Combobox<Item>(props: ComboboxProps<Item>) {
  const [open, setOpen] = useState(false);
  const rows = useRef<Rows | null>(null);
  return (
    <Base.Root
      virtualized
      autoHighlight
      items={props.items}
      value={props.value}
      onValueChange={props.onChange}
      itemToStringLabel={props.text}
      isItemEqualToValue={props.isSame}
      disabled={props.disabled}
      open={open}
      onOpenChange={setOpen}
      onItemHighlighted={(_, { reason, index }) => {
        const last = (rows.current?.options.count ?? 0) - 1;
        const jumps = reason === 'none' || (reason === 'keyboard' && (index === 0 || index === last));
        if (jumps && index >= 0) queueMicrotask(() => rows.current?.scrollToIndex(index, { align: 'auto' }));
      }}
    >
      <Base.InputGroup className="relative w-full min-w-0">
        <Base.Input
          aria-label={props.label}
          placeholder={props.placeholder}
          className={clsx(
            controlLook,
            'h-9 truncate px-3',
            props.clearable && props.value ? 'pr-16' : 'pr-9',
          )}
        />
        <span className="absolute inset-y-0 right-1 flex items-center text-muted">
          {props.clearable && (
            <Base.Clear
              aria-label="Clear"
              className="flex size-7 items-center justify-center rounded-md hover:bg-hover"
            >
              <X aria-hidden className="size-3.5" />
            </Base.Clear>
          )}
          <Base.Trigger
            aria-label="Show all"
            className="flex size-7 items-center justify-center rounded-md hover:bg-hover"
          >
            <ChevronDown aria-hidden className="size-4" />
          </Base.Trigger>
        </span>
      </Base.InputGroup>
      <Base.Portal>
        <Base.Positioner className="z-50 outline-none" sideOffset={4}>
          <Base.Popup className="w-[max(var(--anchor-width),16rem)] max-w-[var(--available-width)] overflow-hidden rounded-xl border border-line bg-surface shadow-popup transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0">
            <Base.Empty className="p-3 text-sm text-muted empty:hidden">
              {props.empty ?? 'Nothing matches.'}
            </Base.Empty>
            <Base.List>
              <Items
                open={open}
                rows={rows}
                height={props.itemHeight ?? 32}
                render={props.render ?? props.text}
              />
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface ItemsProps<Item> {
  open: boolean;
  rows: RefObject<Rows | null>;
  height: number;
  render: (item: Item) => ReactNode;
}

function Items<Item>({ open, rows, height, render }: ItemsProps<Item>) {
  const items = Base.useFilteredItems<Item>();
  const scroller = useRef<HTMLDivElement | null>(null);
  const virtualizer = useVirtualizer({
    enabled: open,
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    paddingStart: 4,
    paddingEnd: 4,
  });
  useImperativeHandle(rows, () => virtualizer);
  const measure = useCallback(
    (element: HTMLDivElement | null) => {
      scroller.current = element;
      if (element) virtualizer.measure();
    },
    [virtualizer],
  );
  const total = virtualizer.getTotalSize();
  if (items.length === 0) return null;
  return (
    <div
      role="presentation"
      ref={measure}
      className="max-h-[min(20rem,var(--available-height))] overflow-auto overscroll-contain"
      style={{ height: total }}
    >
      <div role="presentation" className="relative" style={{ height: total }}>
        {virtualizer.getVirtualItems().map(({ key, index, start, size }) => (
          <Base.Item
            key={key}
            index={index}
            value={items[index]}
            aria-setsize={items.length}
            aria-posinset={index + 1}
            className="absolute inset-x-1 flex cursor-pointer items-center rounded-lg px-2 text-sm outline-none data-highlighted:bg-hover data-selected:font-medium data-selected:text-accent-text"
            style={{ height: size, top: start }}
          >
            <span className="min-w-0 flex-1 truncate">{render(items[index] as Item)}</span>
          </Base.Item>
        ))}
      </div>
    </div>
  );
}
