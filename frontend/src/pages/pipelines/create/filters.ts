import type { Column, Filter } from '@/api/types';
import { arityOf, kindOf, operatorsFor, type Kind, type Operator } from './operators';

export const MOST_FILTERS = 5;

/** A filter as the form holds it; `column` is empty until one is chosen. */
export interface FilterDraft {
  /** Tells it from others for as long as the form is open. */
  key: number;
  column: string;
  operator: Operator;
  /** One value, the two of BETWEEN, or those of a list. */
  values: string[];
}

let lastKey = 0;

export const emptyFilter = (): FilterDraft => ({ key: ++lastKey, column: '', operator: '=', values: [''] });

/** Another column: the operator stays if it fits, the values if they do. */
export function withColumn(filter: FilterDraft, column: Column, before: Column | undefined): FilterDraft {
  const operators = operatorsFor(column);
  const isSameKind = before !== undefined && kindOf(before.type) === kindOf(column.type);
  const operator =
    isSameKind && operators.includes(filter.operator) ? filter.operator : (operators[0] as Operator);
  const kept = isSameKind ? filter : { ...filter, values: [kindOf(column.type) === 'boolean' ? 'true' : ''] };
  return { ...withOperator(kept, operator), column: column.name };
}

export function withOperator(filter: FilterDraft, operator: Operator): FilterDraft {
  const [first = '', second = ''] = filter.values;
  switch (arityOf(operator)) {
    case 'none':
    case 'many':
      return { ...filter, operator };
    case 'one':
      return { ...filter, operator, values: [first] };
    case 'two':
      return { ...filter, operator, values: [first, second] };
  }
}

/** Times of a `timestamptz` are typed in as UTC, whatever the source's zone is. */
const ZONELESS = /^\d{4,}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

function sent(value: string, kind: Kind): string {
  return kind === 'timestamptz' && ZONELESS.test(value) ? `${value}Z` : value;
}

function shown(value: unknown, kind: Kind): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (kind !== 'timestamp' && kind !== 'timestamptz') return text;
  if (/^\d{4}-\d\d-\d\d$/.test(text) && kind === 'timestamp') return `${text}T00:00`;
  const zoneless = kind === 'timestamptz' ? text.replace(/(Z|\+00(:?00)?)$/, '') : text;
  return zoneless !== text || kind === 'timestamp' ? zoneless.replace(' ', 'T') : text;
}

/** The filters that have a column, as the API takes them: every value as a text, which the source reads by the column's type. */
export function filtersOf(drafts: readonly FilterDraft[], columns: readonly Column[]): Filter[] {
  return drafts
    .filter(({ column }) => column !== '')
    .map(({ column, operator, values }) => {
      const kind = kindOf(columns.find(({ name }) => name === column)?.type ?? '');
      const texts = values.map((value) => sent(value, kind));
      switch (arityOf(operator)) {
        case 'none':
          return { column, operator };
        case 'one':
          return { column, operator, value: texts[0] };
        case 'two':
          return { column, operator, value: texts };
        case 'many':
          return { column, operator, value: texts.filter((text) => text !== '') };
      }
    });
}

/** Filters of a job, for the form. */
export function draftsOf(filters: readonly Filter[], columns: readonly Column[]): FilterDraft[] {
  return filters.map(({ column, operator, value }) => {
    const kind = kindOf(columns.find(({ name }) => name === column)?.type ?? '');
    const values = value === undefined || value === null ? [''] : Array.isArray(value) ? value : [value];
    return { key: ++lastKey, column, operator, values: values.map((each) => shown(each, kind)) };
  });
}

/** Whether nothing is left to be typed in. An empty text is a value, too, but no date and no number is empty. */
export function isComplete({ column, operator, values }: FilterDraft, columns: readonly Column[]): boolean {
  if (column === '') return true;
  const arity = arityOf(operator);
  if (arity === 'none') return true;
  if (arity === 'many') return values.some((value) => value !== '');
  const kind = kindOf(columns.find(({ name }) => name === column)?.type ?? '');
  return kind === 'text' || values.every((value) => value.trim() !== '');
}

/** Where the filter at `index` of the form is in the request, which leaves out those without a column. */
export const placeInRequest = (drafts: readonly FilterDraft[], index: number) =>
  drafts.slice(0, index).filter(({ column }) => column !== '').length;
