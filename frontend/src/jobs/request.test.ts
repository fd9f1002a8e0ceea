import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Job } from '@/api/types';
import { curlOf, requestOf } from './request';

const plain = {
  pipeline_id: 7,
  table_name: 'public.orders',
  write_mode: 'upsert',
  filters: [],
  columns: null,
  value_policies: {},
  new_columns: 'report',
  verification: 'checksum',
  guarantee: null,
  priority: 0,
  max_attempts: 10,
  limits: { rows_per_second: null, bytes_per_second: null },
} as unknown as Job;

test('what a job was not told is not in the request', () => {
  expect(requestOf(plain)).toEqual({ table_name: 'public.orders', write_mode: 'upsert' });
});

test('what it was told is', () => {
  const job: Job = {
    ...plain,
    filters: [{ column: 'name', operator: '=', value: "O'Hara" }],
    columns: [{ name: 'id' }],
    verification: 'count',
    limits: { rows_per_second: 500, bytes_per_second: null },
  };
  expect(requestOf(job)).toEqual({
    table_name: 'public.orders',
    write_mode: 'upsert',
    filters: [{ column: 'name', operator: '=', value: "O'Hara" }],
    columns: [{ name: 'id' }],
    verification: 'count',
    rows_per_second: 500,
  });
});

test('a shell hands the very request to curl, whatever stands in it', () => {
  const job: Job = {
    ...plain,
    filters: [{ column: 'name', operator: '=', value: `'; rm -rf "$HOME" \\ \`id\`` }],
  };
  const command = curlOf(job, new URL('https://example.com/backfill/'));
  const args = execFileSync('sh', ['-c', command.replace(/^curl/, 'printf "%s\\0"')])
    .toString()
    .split('\0');
  expect(args.slice(0, 3)).toEqual([
    '-X',
    'POST',
    'https://example.com/backfill/api/v1/pipelines/7/backfill',
  ]);
  expect(JSON.parse(args[6] ?? '')).toEqual(requestOf(job));
});
