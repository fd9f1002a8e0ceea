// Stops the local stack and keeps its data. Needs nothing that `make deps` fetches, and takes a stack as
// it finds it: whole, half dead, or absent.

import { home } from './home.mjs';
import { running, stop } from './processes.mjs';
import { discardTemporary } from './unprivileged.mjs';

/** In the order of stopping: PostgreSQL goes when nobody uses it any more. */
export const NAMES = ['api', 'compute', 'postgres'];

/** Tells whether there was anything to stop. */
export async function down() {
  const found = NAMES.some(running);
  await stopAll();
  discardTemporary(home.postgres);
  return found;
}

export async function stopAll() {
  await Promise.all([stop('api'), stop('compute')]);
  await stop('postgres', { signal: 'SIGINT' }); // its "fast": ends the sessions, writes a checkpoint
}
