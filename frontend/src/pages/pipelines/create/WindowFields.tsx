import type { Column } from '@/api/types';
import { Checkbox, Field, Input, Select, Switch } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import { NumberField } from '@/forms/NumberField';
import { windowColumns, type Unit, type WindowsDraft } from './windows';

interface WindowFieldsProps {
  windows: WindowsDraft;
  columns: readonly Column[];
  onChange: (windows: WindowsDraft) => void;
  complaints: Complaints;
}

const UNITS: Unit[] = ['hour', 'day', 'week', 'month', 'year'];

/** A campaign: a job for each hour, day, month … of a period. */
export function WindowFields({ windows, columns, onChange, complaints }: WindowFieldsProps) {
  const set = (change: Partial<WindowsDraft>) => onChange({ ...windows, ...change });
  const times = windowColumns(columns);
  return (
    <div className="space-y-4">
      <Switch
        label="One job for each window of time"
        description={
          times.length > 0
            ? 'A campaign: month by month, for example. Windows can be paused, verified and run again one by one.'
            : 'The table has no column of dates or times to be cut by.'
        }
        disabled={times.length === 0}
        checked={windows.isOn}
        onChange={(isOn) => set({ isOn, column: windows.column || (times[0]?.name ?? '') })}
      />
      {windows.isOn && (
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <Field label="Name" error={complaints.at('name')} className="sm:col-span-2">
            <Input
              value={windows.name}
              placeholder={`table by ${windows.unit}`}
              onChange={(event) => set({ name: event.target.value })}
            />
          </Field>
          <Field label="Column" error={complaints.at('window.column')}>
            <Select value={windows.column} onChange={(event) => set({ column: event.target.value })}>
              {times.map(({ name, type }) => (
                <option key={name} value={name}>
                  {name} ({type})
                </option>
              ))}
            </Select>
          </Field>
          <Field label="Each window is a" error={complaints.at('window.unit')}>
            <Select value={windows.unit} onChange={(event) => set({ unit: event.target.value as Unit })}>
              {UNITS.map((unit) => (
                <option key={unit}>{unit}</option>
              ))}
            </Select>
          </Field>
          <Field label="From" error={complaints.at('window.from')}>
            <Input type="date" value={windows.from} onChange={(event) => set({ from: event.target.value })} />
          </Field>
          <Field label="To, not included" error={complaints.at('window.to')}>
            <Input type="date" value={windows.to} onChange={(event) => set({ to: event.target.value })} />
          </Field>
          <Field label="Time zone" error={complaints.at('window.time_zone')}>
            <Input value={windows.timeZone} onChange={(event) => set({ timeZone: event.target.value })} />
          </Field>
          <NumberField
            label="Jobs at the same time"
            placeholder="As fits the destinations"
            min={1}
            value={windows.maxRunning}
            onChange={(maxRunning) => set({ maxRunning })}
            error={complaints.at('max_running')}
          />
          <Field label="Order" error={complaints.at('order')}>
            <Select
              value={windows.order}
              onChange={(event) => set({ order: event.target.value as WindowsDraft['order'] })}
            >
              <option value="oldest_first">Oldest first</option>
              <option value="newest_first">Newest first</option>
            </Select>
          </Field>
          <div className="self-end pb-2">
            <Checkbox
              label="Rows without a time, too"
              checked={windows.includeNull}
              onChange={(includeNull) => set({ includeNull })}
            />
          </div>
        </div>
      )}
    </div>
  );
}
