import { useSyncExternalStore } from 'react';

// One clock for the whole page, so that no two places show different moments.

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now(); // the clock has stood still
    timer = setInterval(tick, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick() {
  now = Date.now();
  listeners.forEach((listener) => listener());
}

/** The present in milliseconds, each second. */
export const useNow = () => useSyncExternalStore(subscribe, () => now);
