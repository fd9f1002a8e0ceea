import { expect, test } from 'vitest';
import { parseSearch, stringifySearch } from '@/search';
import { isFiltered, pagesOf, queryOf } from './query';
import { parseJobsSearch, type JobsSearch } from './search';

test('what was chosen comes back from the address', () => {
  const chosen: JobsSearch = {
    status: ['PAUSED', 'FAILED'],
    pipeline: 3,
    search: 'order 17%',
    sort: '-count_record',
  };
  expect(parseJobsSearch(parseSearch(stringifySearch({ ...chosen })))).toEqual({
    ...chosen,
    source: undefined,
  });
  expect(parseJobsSearch(parseSearch('?status=NONE&pipeline=x&sort=id'))).toEqual({});
});

test('the API is asked for what was chosen, and for nothing else', () => {
  expect(queryOf({}, 0)).toEqual({ skip: 0, limit: 50 });
  expect(queryOf({ status: ['PAUSED', 'FAILED'], pipeline: 3, search: 'x' }, 2)).toEqual({
    status: ['PAUSED', 'FAILED'],
    pipeline_id: 3,
    search: 'x',
    skip: 100,
    limit: 50,
  });
});

test('an order alone is no filter', () => {
  expect(isFiltered({ sort: 'created_at' })).toBe(false);
  expect(isFiltered({ search: 'x' })).toBe(true);
});

test('rows in view need the pages that hold them', () => {
  expect(pagesOf(0, 20)).toEqual([0]);
  expect(pagesOf(40, 101)).toEqual([0, 1, 2]);
});
