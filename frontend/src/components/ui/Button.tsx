import { createLink } from '@tanstack/react-router';
import { clsx } from 'clsx';
import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger';
type Size = 'small' | 'medium';

interface Look {
  variant?: Variant;
  size?: Size;
  icon?: LucideIcon;
}

const VARIANTS: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong',
  secondary: 'border border-line-strong bg-surface text-text shadow-card hover:bg-hover',
  ghost: 'text-muted hover:bg-hover hover:text-text',
  danger: 'border border-line-strong bg-surface text-red shadow-card hover:bg-red-soft',
};

const SIZES: Record<Size, string> = {
  small: 'h-7 gap-1.5 px-2.5 text-xs',
  medium: 'h-9 gap-2 px-3.5 text-sm',
};

function classes({ variant = 'secondary', size = 'medium' }: Look, className?: string) {
  return clsx(
    'inline-flex shrink-0 items-center justify-center rounded-lg font-medium whitespace-nowrap transition-colors',
    'disabled:pointer-events-none disabled:opacity-55',
    VARIANTS[variant],
    SIZES[size],
    className,
  );
}

type ButtonProps = ComponentProps<'button'> & Look & { busy?: boolean };

export function Button({ variant, size, icon: Icon, busy, className, children, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      {...props}
      aria-busy={busy || undefined}
      disabled={props.disabled || busy}
      className={classes({ variant, size }, className)}
    >
      {busy ? (
        <LoaderCircle aria-hidden className="size-4 animate-spin" />
      ) : (
        Icon && <Icon aria-hidden className="size-4" />
      )}
      {children}
    </button>
  );
}

/** A button that is an icon alone; its label is for screen readers and shows as a tooltip of the browser. */
export function IconButton({
  label,
  icon: Icon,
  className,
  ...props
}: Omit<ComponentProps<'button'>, 'children'> & { label: string; icon: LucideIcon }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...props}
      className={clsx(
        'inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-muted transition-colors hover:bg-hover hover:text-text',
        'disabled:pointer-events-none disabled:opacity-55',
        className,
      )}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  );
}

function LinkLook({ variant, size, icon: Icon, className, children, ...props }: ComponentProps<'a'> & Look) {
  return (
    <a {...props} className={classes({ variant, size }, className)}>
      {Icon && <Icon aria-hidden className="size-4" />}
      {children}
    </a>
  );
}

/** A link that looks like a button: `to`, `params` and `search` are the router's. */
export const ButtonLink = createLink(LinkLook);
