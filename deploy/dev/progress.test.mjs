import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLine, progressOn } from './progress.mjs';

const job = {
  status: 'EXECUTING',
  progress: 0.6251,
  count_record: 1_875_000,
  rows_per_second: 640_123.7,
  eta_seconds: 1.2,
};

test('a running job shows share, rows, speed and what is left', () => {
  assert.equal(
    progressLine('flights', job),
    'flights  ███████████████░░░░░░░░░   62 %  1,875,000 rows    640,124 rows/s  ETA 2 s',
  );
});

test('what is not known yet is left out', () => {
  const pending = { status: 'PENDING', progress: null, count_record: 0, rows_per_second: null, eta_seconds: null };
  assert.equal(progressLine('flights', pending), `flights  ${'░'.repeat(24)}    – %          0 rows  pending`);
});

test('an estimate that was too low does not overflow the bar', () => {
  assert.match(progressLine('flights', { ...job, progress: 1.3 }), /█{24} {2}100 %/);
});

test('without a terminal, lines are few and the last state is among them', () => {
  const written = [];
  const progress = progressOn({ write: (text) => written.push(text) }, 'flights');
  for (let share = 0; share < 1; share += 0.1) progress.show({ ...job, progress: share });
  progress.end({ ...job, status: 'COMPLETED', progress: 1 });
  assert.equal(written.length, 2);
  assert.match(written[1], /100 %.*completed\n$/);
});
