import { expect, test } from 'vitest';
import { ProblemError } from '@/api/problem';
import { complaintsOf } from './complaints';

const refused = (errors: { field: string; message: string }[]) =>
  new ProblemError({ type: '/problems/invalid', title: 'Invalid', status: 422, detail: 'all of it', errors });

test('what is wrong within a field is shown at the field', () => {
  const { at, rest } = complaintsOf(
    refused([
      { field: 'filters[1].value[2]', message: 'does not fit' },
      { field: 'filters[10].value', message: 'is another one' },
    ]),
    ['filters[1].value', 'filters[10].value'],
  );
  expect(at('filters[1].value')).toBe('does not fit');
  expect(at('filters[1].operator')).toBeUndefined();
  expect(rest).toBeNull();
});

test('what no field shows is left', () => {
  const { rest } = complaintsOf(
    refused([
      { field: 'name', message: 'must not be empty' },
      { field: 'limits.back_off', message: 'is odd' },
    ]),
    ['name'],
  );
  expect(rest).toMatchObject({ problem: { detail: 'limits.back_off: is odd' } });
});

test('a problem without fields is left as it is', () => {
  const conflict = new ProblemError({ type: '/problems/conflict', title: 'No', status: 409, detail: 'why' });
  expect(complaintsOf(conflict, ['name']).rest).toBe(conflict);
  expect(complaintsOf(null, ['name']).rest).toBeNull();
});
