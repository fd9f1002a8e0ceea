import { expect, test } from 'vitest';
import type { Destination } from '@/api/types';
import { draftOf, placeOf, requestOf, shownFields } from './destinationForm';

const times = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };

const file: Destination = {
  id: 2,
  name: 'file',
  type: 'duckdb',
  config: { path: '/data/dwh.duckdb', schema: 'main', batch_rows: null, batch_bytes: 1 << 21 },
  ...times,
};

test('a stored destination that is saved as it is shown stays as it is', () => {
  const { name, type, config } = file;
  expect(requestOf(draftOf(file))).toEqual({ name, type, config });
});

test('each type sends its own fields', () => {
  const draft = { ...draftOf(), name: 'lake', host: 'left over', path: ' /data/lake ' };
  expect(requestOf({ ...draft, type: 'parquet' }).config).toEqual({
    path: '/data/lake',
    batch_rows: null,
    batch_bytes: null,
  });
  expect(requestOf({ ...draft, type: 'duckdb' }).config).toMatchObject({ schema: 'main' });
  expect(requestOf({ ...draft, type: 'postgres' }).config).toMatchObject({
    schema: 'public',
    password: null,
  });
  expect(shownFields('parquet')).toEqual(['name', 'config.path', 'config.batch_rows', 'config.batch_bytes']);
});

test('a place is told in a line', () => {
  expect(placeOf(file)).toBe('/data/dwh.duckdb, schema main');
});
