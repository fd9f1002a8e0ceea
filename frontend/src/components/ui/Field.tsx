import { Checkbox as BaseCheckbox } from '@base-ui/react/checkbox';
import { Field as Base } from '@base-ui/react/field';
import { Switch as BaseSwitch } from '@base-ui/react/switch';
import { clsx } from 'clsx';
import { Check, ChevronDown } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';

interface FieldProps {
  label: ReactNode;
  description?: ReactNode;
  /** What is wrong with it; shown below, and told to screen readers with it. */
  error?: string;
  className?: string;
  children: ReactNode;
}

/** A labelled control: an `Input`, `Select`, `Textarea` or `Combobox`. */
export function Field({ label, description, error, className, children }: FieldProps) {
  return (
    <Base.Root invalid={Boolean(error)} className={clsx('flex min-w-0 flex-col gap-1.5', className)}>
      <Base.Label className="text-xs font-medium">{label}</Base.Label>
      {children}
      {description && !error && (
        <Base.Description className="text-xs text-muted">{description}</Base.Description>
      )}
      <Base.Error match={Boolean(error)} className="text-xs text-red">
        {error}
      </Base.Error>
    </Base.Root>
  );
}

/** How everything looks that text is typed into or chosen in. 16 px on touch screens, lest they zoom in. */
export const controlLook =
  'w-full min-w-0 rounded-lg border border-control-line/70 bg-surface text-sm pointer-coarse:text-base shadow-card transition-colors hover:border-control-line data-invalid:border-red-solid disabled:opacity-55';

export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <Base.Control render={<input {...props} className={clsx(controlLook, 'h-9 px-3', className)} />} />;
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return (
    <Base.Control
      render={<textarea rows={3} {...props} className={clsx(controlLook, 'px-3 py-2', className)} />}
    />
  );
}

export function Select({ className, ...props }: ComponentProps<'select'>) {
  return (
    <span className={clsx('relative inline-flex min-w-0', className)}>
      <Base.Control
        render={<select {...props} className={clsx(controlLook, 'h-9 appearance-none truncate pr-8 pl-3')} />}
      />
      <ChevronDown
        aria-hidden
        className="pointer-events-none absolute top-1/2 right-2.5 size-4 -translate-y-1/2 text-muted"
      />
    </span>
  );
}

interface ChoiceProps {
  label: ReactNode;
  description?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

export function Checkbox({ label, description, checked, onChange, disabled }: ChoiceProps) {
  return (
    <Base.Root disabled={disabled}>
      <Base.Label className="flex cursor-pointer items-start gap-2.5 text-sm data-disabled:opacity-55">
        <BaseCheckbox.Root
          checked={checked}
          onCheckedChange={onChange}
          className="mt-0.5 flex size-4 shrink-0 items-center justify-center rounded border border-control-line bg-surface data-checked:border-accent data-checked:bg-accent"
        >
          <BaseCheckbox.Indicator className="text-on-accent">
            <Check aria-hidden className="size-3" strokeWidth={3} />
          </BaseCheckbox.Indicator>
        </BaseCheckbox.Root>
        <ChoiceText label={label} description={description} />
      </Base.Label>
    </Base.Root>
  );
}

export function Switch({ label, description, checked, onChange, disabled }: ChoiceProps) {
  return (
    <Base.Root disabled={disabled}>
      <Base.Label className="flex cursor-pointer items-start gap-2.5 text-sm data-disabled:opacity-55">
        <BaseSwitch.Root
          checked={checked}
          onCheckedChange={onChange}
          className="mt-0.5 flex h-4.5 w-8 shrink-0 items-center rounded-full bg-control-line p-0.5 transition-colors data-checked:bg-accent"
        >
          <BaseSwitch.Thumb className="size-3.5 rounded-full bg-white transition-transform data-checked:translate-x-3.5" />
        </BaseSwitch.Root>
        <ChoiceText label={label} description={description} />
      </Base.Label>
    </Base.Root>
  );
}

function ChoiceText({ label, description }: Pick<ChoiceProps, 'label' | 'description'>) {
  return (
    <span className="min-w-0">
      {label}
      {description && <span className="block text-xs text-muted">{description}</span>}
    </span>
  );
}
