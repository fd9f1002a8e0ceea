import { expect, test } from 'vitest';
import { adviceOn } from './advice';

test.each([
  ['source shop: cannot connect to 127.0.0.1:5432/shop: refused', /runs/],
  ['destination dwh: duplicate key value violates unique constraint "orders_pkey"', /upserts/],
  ['table orders cannot take the rows: it has no column C: add it, of type int', /Add the column/],
  ['source shop: table shop.orders does not exist', /start a new one/],
])('%s', (message, advice) => expect(adviceOn(message)).toMatch(advice));

test('an error that is not known gets no advice', () => {
  expect(adviceOn('the moon is in the wrong place')).toBeNull();
});
