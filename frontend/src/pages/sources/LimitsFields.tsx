import { Plus, X } from 'lucide-react';
import { Button, IconButton } from '@/components/ui/Button';
import { Field, Input } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import { NumberField } from '@/forms/NumberField';
import { DAYS, type LimitsDraft, type QuietWindow } from './limits';

interface LimitsFieldsProps {
  draft: LimitsDraft;
  onChange: (draft: LimitsDraft) => void;
  complaints: Complaints;
}

type NumberName = Exclude<keyof LimitsDraft, 'quiet' | 'quiet_zone'>;

/** What a source can bear, for all jobs together. */
export function LimitsFields({ draft, onChange, complaints }: LimitsFieldsProps) {
  const number = (name: NumberName, label: string, description?: string, field: string = name) => (
    <NumberField
      label={label}
      description={description}
      error={complaints.at(`limits.${field}`)}
      value={draft[name]}
      onChange={(value) => onChange({ ...draft, [name]: value })}
      placeholder="No limit"
      min={0}
      step="any"
    />
  );
  return (
    <div className="space-y-5">
      <fieldset>
        <legend className="mb-2 text-xs text-muted">For all jobs of this source together</legend>
        <div className="grid gap-4 sm:grid-cols-2">
          {number('max_jobs', 'Jobs at the same time')}
          {number('max_connections', 'Connections', 'A job has up to two.')}
          {number('rows_per_second', 'Rows per second')}
          {number('megabytes_per_second', 'Megabytes per second', undefined, 'bytes_per_second')}
        </div>
      </fieldset>
      <fieldset>
        <legend className="mb-2 text-xs text-muted">
          Back off: jobs wait while one of these is passed. All but the last need the role pg_monitor.
        </legend>
        <div className="grid gap-4 sm:grid-cols-2">
          {number(
            'max_replication_lag_seconds',
            'Replication lag, seconds',
            undefined,
            'back_off.max_replication_lag_seconds',
          )}
          {number(
            'max_xmin_age',
            'Oldest transaction, age in transactions',
            undefined,
            'back_off.max_xmin_age',
          )}
          {number('max_lock_waiters', 'Sessions that wait for locks', undefined, 'back_off.max_lock_waiters')}
          {number(
            'min_free_connections',
            'Free connections, at least',
            undefined,
            'back_off.min_free_connections',
          )}
        </div>
      </fieldset>
      <QuietHours draft={draft} onChange={onChange} error={complaints.at('limits.quiet_hours')} />
    </div>
  );
}

const WORKDAY: QuietWindow = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' };

function QuietHours({
  draft,
  onChange,
  error,
}: Pick<LimitsFieldsProps, 'draft' | 'onChange'> & { error?: string }) {
  const setQuiet = (quiet: QuietWindow[]) => onChange({ ...draft, quiet });
  return (
    <fieldset className="space-y-3">
      <legend className="mb-2 text-xs text-muted">Quiet hours: the source is not read within them.</legend>
      {draft.quiet.map((window, at) => (
        <QuietWindowFields
          key={at}
          number={at + 1}
          window={window}
          onChange={(changed) => setQuiet(draft.quiet.map((other, i) => (i === at ? changed : other)))}
          onRemove={() => setQuiet(draft.quiet.filter((_, i) => i !== at))}
        />
      ))}
      {draft.quiet.length > 0 && (
        <Field label="Time zone" error={error} className="sm:max-w-64">
          <Input
            value={draft.quiet_zone}
            onChange={(event) => onChange({ ...draft, quiet_zone: event.target.value })}
          />
        </Field>
      )}
      <Button size="small" icon={Plus} onClick={() => setQuiet([...draft.quiet, WORKDAY])}>
        Add quiet hours
      </Button>
    </fieldset>
  );
}

interface QuietWindowFieldsProps {
  number: number;
  window: QuietWindow;
  onChange: (window: QuietWindow) => void;
  onRemove: () => void;
}

function QuietWindowFields({ number, window, onChange, onRemove }: QuietWindowFieldsProps) {
  return (
    <div className="flex flex-wrap items-end gap-3 rounded-lg bg-sunken p-3">
      <div
        role="group"
        aria-label={`Days of quiet hours ${number}`}
        className="flex basis-full flex-wrap gap-1"
      >
        {DAYS.map((day) => {
          const isOn = window.days.includes(day);
          const days = DAYS.filter((other) => (other === day ? !isOn : window.days.includes(other)));
          return (
            <button
              key={day}
              type="button"
              aria-pressed={isOn}
              onClick={() => onChange({ ...window, days })}
              className="h-9 rounded-lg border border-control-line/70 bg-surface px-2 text-xs capitalize aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent-text"
            >
              {day}
            </button>
          );
        })}
      </div>
      <Field label="From">
        <Input
          type="time"
          value={window.from}
          onChange={(event) => onChange({ ...window, from: event.target.value })}
        />
      </Field>
      <Field label="To">
        <Input
          type="time"
          value={window.to}
          onChange={(event) => onChange({ ...window, to: event.target.value })}
        />
      </Field>
      <IconButton label={`Remove quiet hours ${number}`} icon={X} onClick={onRemove} className="ml-auto" />
    </div>
  );
}
