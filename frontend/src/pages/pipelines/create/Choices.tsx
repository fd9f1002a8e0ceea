import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import { useId } from 'react';

interface ChoicesProps<Value extends string> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  choices: { value: Value; label: string; description: string }[];
  error?: string;
}

/** A choice among a few, each with a sentence. */
export function Choices<Value extends string>(props: ChoicesProps<Value>) {
  const label = useId();
  return (
    <div>
      <p id={label} className="text-xs font-medium">
        {props.label}
      </p>
      <RadioGroup
        aria-labelledby={label}
        value={props.value}
        onValueChange={props.onChange}
        className="mt-2 space-y-2"
      >
        {props.choices.map(({ value, label: name, description }) => (
          <Radio.Root
            key={value}
            value={value}
            className="group flex w-full cursor-pointer items-start gap-2.5 rounded-lg text-left"
          >
            <span className="mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-full border border-control-line bg-surface group-data-checked:border-accent">
              <Radio.Indicator className="size-2 rounded-full bg-accent" />
            </span>
            <span className="min-w-0 text-sm">
              {name}
              <span className="block text-xs text-muted">{description}</span>
            </span>
          </Radio.Root>
        ))}
      </RadioGroup>
      {props.error && <p className="mt-1.5 text-xs text-red">{props.error}</p>}
    </div>
  );
}
