import { Field, Input } from '@/components/ui/Field';

interface NumberFieldProps {
  label: string;
  description?: string;
  error?: string;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  min?: number;
  max?: number;
  step?: number | 'any';
}

/** A number, or nothing. */
export function NumberField({ label, description, error, onChange, ...input }: NumberFieldProps) {
  return (
    <Field label={label} description={description} error={error}>
      <Input
        {...input}
        type="number"
        inputMode="decimal"
        className="tabular-nums"
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
