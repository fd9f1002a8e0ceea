import { expect, test } from 'vitest';
import { formatDuration, formatRelative, secondsBetween } from './time';

const now = Date.parse('2026-01-10T12:00:00Z');

test.each([
  ['2026-01-10T12:00:00Z', 'now'],
  ['2026-01-10T11:59:18Z', '42 sec. ago'],
  ['2026-01-10T11:55:00Z', '5 min. ago'],
  ['2026-01-10T14:30:00Z', 'in 2 hr.'],
  ['2026-01-09T11:00:00Z', 'yesterday'],
  ['2025-10-10T11:00:00Z', '3 mo. ago'],
])('%s is %s', (moment, text) => expect(formatRelative(moment, now, 'en')).toBe(text));

test.each([
  [0.84, '0.8s'],
  [42.4, '42s'],
  [60, '1m'],
  [3905, '1h 5m'],
  [90_000, '1d 1h'],
])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds, 'en')).toBe(text));

test('a clock that runs ahead gives no negative duration', () => {
  expect(secondsBetween('2026-01-10T12:00:05Z', now)).toBe(0);
  expect(secondsBetween('2026-01-10T11:59:00Z', '2026-01-10T12:00:00Z')).toBe(60);
});
