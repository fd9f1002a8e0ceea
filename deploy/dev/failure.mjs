// How a command ends: a Failure is for the person at the keyboard, who needs its message and no stack
// trace; anything else that is thrown is a mistake in these scripts and shows where.

import { setTimeout as sleep } from 'node:timers/promises';
import { constants } from 'node:os';

export class Failure extends Error {}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) {
  // Once: who presses Ctrl-C a second time means it.
  process.once(name, () => interruption.abort(Object.assign(new Failure(`Interrupted (${name}).`), { name })));
}

/** Aborted by Ctrl-C and SIGTERM. */
export const interrupted = interruption.signal;

/** Waits, and throws when interrupted, so that whoever started something gets to stop it. */
export async function pause(milliseconds) {
  interrupted.throwIfAborted();
  await sleep(milliseconds, undefined, { signal: interrupted }).catch(() => interrupted.throwIfAborted());
}

/** Runs a command's work and exits with its status. */
export async function main(work) {
  try {
    await work();
    process.exit();
  } catch (thrown) {
    const error = interrupted.aborted ? interrupted.reason : thrown;
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exit(interrupted.aborted ? 128 + constants.signals[interrupted.reason.name] : 1);
  }
}
