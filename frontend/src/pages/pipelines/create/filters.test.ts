import { expect, test } from 'vitest';
import type { Column, Filter } from '@/api/types';
import {
  draftsOf,
  emptyFilter,
  filtersOf,
  isComplete,
  placeInRequest,
  withColumn,
  withOperator,
} from './filters';
import { kindOf, operatorLabel, operatorsFor } from './operators';

const column = (name: string, type: string, nullable = false): Column => ({ name, type, nullable });

const ID = column('id', 'bigint');
const PLACED = column('placed', 'timestamp with time zone');
const DAY = column('day', 'date');
const NOTE = column('note', 'character varying(20)', true);
const PAID = column('paid', 'boolean');
const COLUMNS = [ID, PLACED, DAY, NOTE, PAID];

test.each([
  ['numeric(10,2)', 'number'],
  ['double precision', 'number'],
  ['character(3)', 'text'],
  ['"char"', 'text'],
  ['timestamp(3) without time zone', 'timestamp'],
  ['timestamp with time zone', 'timestamptz'],
  ['integer[]', 'other'],
  ['interval', 'other'],
  ['daterange', 'other'],
])('%s is of the kind %s', (type, kind) => {
  expect(kindOf(type)).toBe(kind);
});

test('only operators that fit are offered', () => {
  expect(operatorsFor(ID)).not.toContain('LIKE');
  expect(operatorsFor(ID)).not.toContain('IS NULL');
  expect(operatorsFor(NOTE)).toEqual(expect.arrayContaining(['ILIKE', 'IS NULL', 'IS NOT NULL']));
  expect(operatorsFor(PAID)).toEqual(['=', '!=']);
  expect(operatorsFor(DAY)[0]).toBe('>=');
});

test('operators read as fits the column', () => {
  expect(operatorLabel('<', 'date')).toBe('is before  <');
  expect(operatorLabel('<', 'number')).toBe('is less than  <');
  expect(operatorLabel('IN', 'text')).toBe('is one of');
});

test('an operator that does not fit another column gives way, a value of another kind too', () => {
  const like = { ...emptyFilter(), column: 'note', operator: 'LIKE' as const, values: ['a%'] };
  expect(withColumn(like, ID, NOTE)).toMatchObject({ column: 'id', operator: '=', values: [''] });
  expect(withColumn(like, column('name', 'text'), NOTE)).toMatchObject({ operator: 'LIKE', values: ['a%'] });
});

test('values follow the operator', () => {
  const one = { ...emptyFilter(), values: ['1'] };
  expect(withOperator(one, 'BETWEEN').values).toEqual(['1', '']);
  expect(withOperator(withOperator(one, 'BETWEEN'), '=').values).toEqual(['1']);
  expect(withOperator(one, 'IS NULL').values).toEqual(['1']);
});

test('filters are sent as the API takes them', () => {
  const drafts = [
    { ...emptyFilter(), column: 'id', operator: 'IN' as const, values: ['1', '', '2'] },
    emptyFilter(),
    { ...emptyFilter(), column: 'note', operator: 'IS NULL' as const, values: ['left over'] },
    { ...emptyFilter(), column: 'placed', operator: '>=' as const, values: ['2024-01-01T00:00'] },
    { ...emptyFilter(), column: 'day', operator: 'BETWEEN' as const, values: ['2024-01-01', '2024-02-01'] },
  ];
  expect(filtersOf(drafts, COLUMNS)).toEqual([
    { column: 'id', operator: 'IN', value: ['1', '2'] },
    { column: 'note', operator: 'IS NULL' },
    { column: 'placed', operator: '>=', value: '2024-01-01T00:00Z' },
    { column: 'day', operator: 'BETWEEN', value: ['2024-01-01', '2024-02-01'] },
  ]);
  expect(placeInRequest(drafts, 2)).toBe(1);
});

test("a job's filters come back as they were", () => {
  const filters: Filter[] = [
    { column: 'id', operator: '>', value: '9007199254740993' },
    { column: 'placed', operator: '<', value: '2024-01-01T12:30Z' },
    { column: 'placed', operator: '<', value: '2024-01-01T12:30+02:00' },
    { column: 'note', operator: 'IN', value: ['a', 'b, c'] },
    { column: 'note', operator: 'IS NOT NULL' },
  ];
  expect(filtersOf(draftsOf(filters, COLUMNS), COLUMNS)).toEqual(filters);
  expect(draftsOf([{ column: 'id', operator: '=', value: 5 }], COLUMNS)[0]?.values).toEqual(['5']);
});

test('an empty text is a value, an empty date is none', () => {
  const filter = (name: string, values: string[]) => ({ ...emptyFilter(), column: name, values });
  expect(isComplete(filter('note', ['']), COLUMNS)).toBe(true);
  expect(isComplete(filter('day', ['']), COLUMNS)).toBe(false);
  expect(isComplete({ ...filter('id', ['']), operator: 'IN' }, COLUMNS)).toBe(false);
  expect(isComplete(emptyFilter(), COLUMNS)).toBe(true);
});
