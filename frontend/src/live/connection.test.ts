import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveConnection, type EventStream } from './connection';

class FakeStream extends EventTarget {
  closed = false;
  close() {
    this.closed = true;
  }
  say(name: string, data?: string) {
    this.dispatchEvent(new MessageEvent(name, { data }));
  }
}

function setUp() {
  const streams: FakeStream[] = [];
  const api = { answers: true };
  const refresh = vi.fn();
  const onEvent = vi.fn();
  const connection = new LiveConnection({
    open: () => {
      const stream = new FakeStream();
      streams.push(stream);
      return stream as unknown as EventStream;
    },
    onEvent,
    refresh,
    probe: () => Promise.resolve(api.answers),
  });
  connection.start();
  const last = () => streams.at(-1) as FakeStream;
  return { connection, streams, last, api, refresh, onEvent };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('passes events on while the stream is open, and polls for nothing', async () => {
  const { connection, last, refresh, onEvent } = setUp();
  last().say('open');
  last().say('job', '{"id":1}');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connection.state).toBe('live');
  expect(onEvent).toHaveBeenCalledExactlyOnceWith('job', '{"id":1}');
  expect(refresh).not.toHaveBeenCalled();
});

test('polls while the stream is down, and fetches all once when it is back', async () => {
  const { connection, streams, last, refresh } = setUp();
  last().say('open');
  last().say('error');
  expect(streams[0]?.closed).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(connection.state).toBe('polling');
  expect(refresh).toHaveBeenCalledTimes(1);

  await vi.advanceTimersByTimeAsync(1_500); // the stream is tried again
  last().say('open');
  expect(connection.state).toBe('live');
  expect(refresh).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(refresh).toHaveBeenCalledTimes(2);
});

test('is offline while nobody answers, and asks less and less often for the stream', async () => {
  const { connection, streams, last, api, refresh } = setUp();
  api.answers = false;
  last().say('error');
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.state).toBe('offline');
  for (const wait of [2_000, 5_000, 10_000, 30_000, 30_000]) {
    const opened = streams.length;
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(streams).toHaveLength(opened);
    await vi.advanceTimersByTimeAsync(1);
    expect(streams).toHaveLength(opened + 1);
    last().say('error');
  }
  expect(refresh).not.toHaveBeenCalled();

  api.answers = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(connection.state).toBe('polling');
});

test('gives up a stream whose heartbeats cease', async () => {
  const { connection, last } = setUp();
  last().say('open');
  last().say('heartbeat');
  await vi.advanceTimersByTimeAsync(39_000);
  expect(connection.state).toBe('live');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(connection.state).toBe('polling');
});

test('does nothing more once it is stopped', async () => {
  const { connection, streams, last, refresh } = setUp();
  last().say('error');
  connection.stop();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(streams).toHaveLength(1);
  expect(refresh).not.toHaveBeenCalled();
});
