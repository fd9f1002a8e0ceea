import { useSyncExternalStore } from 'react';

// Where Tailwind's `md:` begins.
const wide = window.matchMedia('(width >= 48rem)');

/** Whether a row has room for columns. */
export function useIsWide() {
  return useSyncExternalStore(
    (listener) => {
      wide.addEventListener('change', listener);
      return () => wide.removeEventListener('change', listener);
    },
    () => wide.matches,
  );
}
