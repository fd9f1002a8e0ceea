import { expect, test } from 'vitest';
import { formatBytes, formatCompact, formatCount, formatPercent, formatRate } from './number';

test('counts are grouped as the locale does it', () => {
  expect(formatCount(1234567, 'en')).toBe('1,234,567');
  expect(formatCount(1234567, 'de')).toBe('1.234.567');
  expect(formatCompact(1234567, 'en')).toBe('1.2M');
});

test.each([
  [0, '0%'],
  [0.0000001, '0.1%'],
  [0.0123, '1.2%'],
  [0.5, '50%'],
  [0.999999, '99%'],
  [1, '100%'],
])('a share of %d is %s', (share, text) => expect(formatPercent(share, 'en')).toBe(text));

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1500, '1.5 kB'],
  [25_000_000, '25 MB'],
  [3_200_000_000_000, '3.2 TB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes, 'en')).toBe(text));

test('slow rates keep a digit', () => {
  expect(formatRate(0.25, 'en')).toBe('0.3');
  expect(formatRate(41234.6, 'en')).toBe('41,235');
});
