import { expect, test } from 'vitest';
import { sayActor, sayEvent } from './events';

test('events are said in words, with what matters of them', () => {
  const daemon = { actor: 'daemon:1' };
  expect(sayEvent({ ...daemon, action: 'claimed', after: { attempt: 3 } })).toMatchObject({
    words: 'Taken up by a daemon',
    detail: 'Attempt 3',
  });
  expect(sayEvent({ ...daemon, action: 'failed', after: { error_message: 'no route' } }).detail).toBe(
    'no route',
  );
  expect(
    sayEvent({ ...daemon, action: 'changed', before: { priority: 0 }, after: { priority: 5 } }).detail,
  ).toBe('priority: 0 → 5');
});

test('an event of a later version is called by its own name', () => {
  expect(sayEvent({ action: 'moved_away', actor: '' }).words).toBe('moved away');
});

test('who did it is said where that is known', () => {
  expect(sayActor({ action: 'created', actor: 'anonymous', address: '10.0.0.1' })).toBe(' · from 10.0.0.1');
  expect(sayActor({ action: 'created', actor: 'database:alice' })).toBe(' · by database role alice');
  expect(sayActor({ action: 'claimed', actor: 'daemon:7' })).toBe('');
});
