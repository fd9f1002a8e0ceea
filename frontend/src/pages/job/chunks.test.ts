import { expect, test } from 'vitest';
import type { Chunk } from '@/api/types';
import { cellsOf, chunksToCome, countStates, rangeOf } from './chunks';

const chunk = (number: number, changes: Partial<Chunk> = {}) =>
  ({ number, status: 'DONE', row_count: 10, byte_count: 100, differs: null, ...changes }) as Chunk;
const chunks = (count: number) => Array.from({ length: count }, (_, index) => chunk(index + 1));

test('thousands of chunks share cells, and none is left out', () => {
  const cells = cellsOf(chunks(5001), 1000);
  expect(cells.length).toBeLessThanOrEqual(1000);
  expect(cells.reduce((sum, { rows }) => sum + rows, 0)).toBe(50_010);
  expect(cells[0]).toMatchObject({ first: { number: 1 }, last: { number: 6 } });
  expect(cells.at(-1)?.last.number).toBe(5001);
});

test('a cell shows the worst of its chunks', () => {
  const list = [
    chunk(1),
    chunk(2, { differs: [7] }),
    chunk(3, { status: 'COPYING' }),
    chunk(4, { differs: [] }),
  ];
  expect(cellsOf(list, 1).map(({ state }) => state)).toEqual(['differs']);
  expect(cellsOf(list, 4).map(({ state }) => state)).toEqual(['done', 'differs', 'copying', 'equal']);
  expect(countStates(list)).toEqual({ done: 1, differs: 1, copying: 1, equal: 1 });
});

test('what is still to come is reckoned from what there is', () => {
  expect(chunksToCome(chunks(4), 20)).toBe(2);
  expect(chunksToCome([], 20)).toBeNull();
});

test('ranges are said as people would', () => {
  const bound = (id: string) => ({ id });
  const middle = chunk(2, { lower_key: bound('10'), upper_key: bound('20') });
  expect(rangeOf(middle, middle)).toBe('after id 10 up to id 20');
  expect(rangeOf(chunk(1, { upper_key: bound('10') }), middle)).toBe('up to id 20');
  const pages = chunk(1, { lower_page: 0, upper_page: 1024 });
  expect(rangeOf(pages, pages)).toBe('pages 0 to 1024');
  expect(rangeOf(chunk(1), chunk(1))).toBe('all rows');
});
