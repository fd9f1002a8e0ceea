import { expect, test } from 'vitest';
import type { Job, Table } from '@/api/types';
import {
  columnPlace,
  completeRequestOf,
  draftLike,
  emptyDraft,
  modeOf,
  modesFor,
  requestOf,
  withTable,
} from './draft';
import { emptyFilter } from './filters';
import { findTable, tableNameOf } from './tableName';
import { campaignOf, EMPTY_WINDOWS, windowColumns } from './windows';

const orders: Table = {
  schema: 'shop',
  name: 'Orders "2024"',
  kind: 'table',
  estimated_rows: 10,
  bytes: 8192,
  columns: [
    { name: 'id', type: 'bigint', nullable: false },
    { name: 'placed', type: 'timestamp with time zone', nullable: true },
    { name: 'total', type: 'numeric(10,2)', nullable: true },
  ],
  primary_key: ['id'],
  indexes: [],
};

const draft = { ...emptyDraft(), table: orders };

test('names are quoted where SQL has to, and found again', () => {
  const name = 'shop."Orders ""2024"""';
  expect(tableNameOf(orders)).toBe(name);
  expect(findTable([orders], name)).toBe(orders);
  expect(findTable([orders], 'shop.orders')).toBeUndefined();
  expect(findTable([{ ...orders, schema: 'public', name: 'a' }], 'a')).toMatchObject({ name: 'a' });
});

test('what is as if nothing had been said is left out', () => {
  expect(requestOf(emptyDraft())).toBeNull();
  expect(requestOf(draft)).toEqual({ table_name: tableNameOf(orders), write_mode: 'upsert' });
});

test('write modes are those that fit the key', () => {
  expect(modesFor(draft)).toEqual(['upsert', 'insert_missing', 'append', 'replace']);
  const keyless = {
    ...draft,
    writeMode: 'upsert' as const,
    columns: orders.columns.map(({ name }) => ({ name, isCopied: name !== 'id', as: '' })),
  };
  expect(modesFor(keyless)).toEqual(['append', 'replace']);
  expect(modeOf(keyless)).toBe('append');
});

test('columns are chosen and renamed, and found in the request', () => {
  const columns = [
    { name: 'id', isCopied: true, as: '' },
    { name: 'placed', isCopied: false, as: '' },
    { name: 'total', isCopied: true, as: ' amount ' },
  ];
  expect(requestOf({ ...draft, columns })?.columns).toEqual([
    { name: 'id' },
    { name: 'total', as: 'amount' },
  ]);
  expect(columnPlace(columns, 2)).toBe(1);
});

test('nothing is asked about a filter that is still typed in', () => {
  const filter = { ...emptyFilter(), column: 'total', operator: '>' as const };
  expect(completeRequestOf({ ...draft, filters: [filter] })).toBeNull();
  expect(completeRequestOf({ ...draft, filters: [{ ...filter, values: ['5'] }] })).not.toBeNull();
});

test('another table starts afresh, with the limits that were set', () => {
  const used = { ...draft, filters: [emptyFilter()], rowsPerSecond: '500' };
  expect(withTable(used, orders)).toMatchObject({ filters: [], rowsPerSecond: '500' });
});

test('a job is created once more as it was', () => {
  const job = {
    table_name: tableNameOf(orders),
    filters: [{ column: 'total', operator: '>', value: '5' }],
    columns: [{ name: 'id' }, { name: 'total', as: 'amount' }],
    write_mode: 'insert_missing',
    new_columns: 'add',
    verification: 'count',
    guarantee: 'snapshot',
    value_policies: { total: 'null' },
    limits: { rows_per_second: 100, bytes_per_second: 1_500_000 },
    priority: 5,
    max_attempts: 3,
  } as unknown as Job;
  expect(requestOf(draftLike(job, orders))).toEqual({
    table_name: job.table_name,
    filters: job.filters,
    columns: job.columns,
    write_mode: 'insert_missing',
    new_columns: 'add',
    verification: 'count',
    guarantee: 'snapshot',
    value_policies: { total: 'null' },
    rows_per_second: 100,
    bytes_per_second: 1_500_000,
    priority: 5,
    max_attempts: 3,
  });
});

test('a campaign is the request, and its windows', () => {
  expect(windowColumns(orders.columns).map(({ name }) => name)).toEqual(['placed']);
  const windows = { ...EMPTY_WINDOWS, column: 'placed', from: '2024-01-01', to: '2025-01-01' };
  expect(campaignOf({ table_name: 'shop.orders', write_mode: 'upsert' }, windows)).toMatchObject({
    table_name: 'shop.orders',
    write_mode: 'upsert',
    name: 'shop.orders by month',
    window: { column: 'placed', unit: 'month', from: '2024-01-01', to: '2025-01-01', time_zone: 'UTC' },
    max_running: null,
  });
});
