import { expect, test } from 'vitest';
import { listOf, oneOf, parseSearch, positive, stringifySearch, text } from './search';

test('addresses are what people would write', () => {
  const address = stringifySearch({
    status: ['FAILED', 'PAUSED'],
    search: 'a & b',
    page: 2,
    pipeline: undefined,
  });
  expect(address).toBe('?status=FAILED,PAUSED&search=a+%26+b&page=2');
  expect(parseSearch(address)).toEqual({ status: 'FAILED,PAUSED', search: 'a & b', page: '2' });
  expect(stringifySearch({ search: '' })).toBe('');
});

test('what makes no sense in an address is left out', () => {
  const known = ['FAILED', 'PAUSED'] as const;
  expect(listOf('PAUSED,BROKEN,FAILED', known)).toEqual(['FAILED', 'PAUSED']);
  expect(listOf('BROKEN', known)).toBeUndefined();
  expect(oneOf('FAILED', known)).toBe('FAILED');
  expect(oneOf('failed', known)).toBeUndefined();
  expect([positive('3'), positive('0'), positive('-1'), positive('x'), positive(undefined)]).toEqual([
    3,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(text('')).toBeUndefined();
});
