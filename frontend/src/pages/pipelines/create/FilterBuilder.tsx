import { Plus, X } from 'lucide-react';
import type { Column } from '@/api/types';
import { Button, IconButton } from '@/components/ui/Button';
import { Combobox } from '@/components/ui/Combobox';
import { Field, Select } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import {
  emptyFilter,
  MOST_FILTERS,
  placeInRequest,
  withColumn,
  withOperator,
  type FilterDraft,
} from './filters';
import { FilterValue } from './FilterValue';
import { kindOf, operatorLabel, operatorsFor, type Operator } from './operators';

interface FilterBuilderProps {
  filters: FilterDraft[];
  columns: readonly Column[];
  onChange: (filters: FilterDraft[]) => void;
  complaints: Complaints;
}

/** Conditions that rows have to meet, all of them. */
export function FilterBuilder({ filters, columns, onChange, complaints }: FilterBuilderProps) {
  const change = (changed: FilterDraft) =>
    onChange(filters.map((filter) => (filter.key === changed.key ? changed : filter)));
  return (
    <fieldset>
      <legend className="text-xs font-medium">Filters</legend>
      <p className="mt-0.5 text-xs text-muted">
        {filters.length === 0
          ? 'Without filters, all rows are copied.'
          : 'Rows that meet all of these are copied.'}
      </p>
      <ul className="mt-2 space-y-2">
        {filters.map((filter, index) => (
          <FilterRow
            key={filter.key}
            number={index + 1}
            filter={filter}
            columns={columns}
            onChange={change}
            onRemove={() => onChange(filters.filter(({ key }) => key !== filter.key))}
            complaint={(field) =>
              filter.column === ''
                ? undefined
                : complaints.at(`filters[${placeInRequest(filters, index)}].${field}`)
            }
          />
        ))}
      </ul>
      <Button
        size="small"
        icon={Plus}
        className="mt-2"
        disabled={filters.length >= MOST_FILTERS}
        onClick={() => onChange([...filters, emptyFilter()])}
      >
        Add filter
      </Button>
    </fieldset>
  );
}

interface FilterRowProps {
  number: number;
  filter: FilterDraft;
  columns: readonly Column[];
  onChange: (filter: FilterDraft) => void;
  onRemove: () => void;
  /** What is wrong with the filter's `column`, `operator` or `value`. */
  complaint: (field: 'column' | 'operator' | 'value') => string | undefined;
}

function FilterRow({ number, filter, columns, onChange, onRemove, complaint }: FilterRowProps) {
  const column = columns.find(({ name }) => name === filter.column);
  return (
    <li className="rounded-xl bg-sunken p-3">
      <div className="grid grid-cols-[minmax(0,1fr)_2rem] items-start gap-x-2 gap-y-2.5 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_2rem]">
        <Field label={`Column of filter ${number}`} error={complaint('column')}>
          <Combobox
            items={columns}
            value={column ?? null}
            onChange={(chosen) => chosen && onChange(withColumn(filter, chosen, column))}
            text={({ name }) => name}
            render={(each) => <ColumnItem column={each} />}
            placeholder="Choose a column"
          />
        </Field>
        <Field
          label="Condition"
          error={complaint('operator')}
          className="order-last col-span-full sm:order-none sm:col-span-1"
        >
          <Select
            value={filter.operator}
            disabled={!column}
            onChange={(event) => onChange(withOperator(filter, event.target.value as Operator))}
          >
            {(column ? operatorsFor(column) : [filter.operator]).map((operator) => (
              <option key={operator} value={operator}>
                {operatorLabel(operator, kindOf(column?.type ?? ''))}
              </option>
            ))}
          </Select>
        </Field>
        <IconButton
          label={`Remove filter ${number}`}
          icon={X}
          onClick={onRemove}
          className="mt-[1.4375rem]"
        />
      </div>
      {column && (
        <FilterValue
          filter={filter}
          column={column}
          onChange={(values) => onChange({ ...filter, values })}
          error={complaint('value')}
        />
      )}
    </li>
  );
}

function ColumnItem({ column }: { column: Column }) {
  return (
    <span className="flex items-baseline justify-between gap-3">
      <span className="truncate">{column.name}</span>
      <span className="shrink-0 text-xs font-normal text-muted">{column.type}</span>
    </span>
  );
}
