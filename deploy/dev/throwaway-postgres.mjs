// A PostgreSQL that lives as long as this process's standard input is open. It prints its URL when it
// is ready. Whoever started it can end in any way, by SIGKILL too: the input closes, and the server and
// its data are gone.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { interrupted, main } from './failure.mjs';
import { startPostgres } from './postgres.mjs';
import { temporaryFolder } from './unprivileged.mjs';

// Nothing here outlives a test run, so nothing has to survive a power cut.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 300 };

await main(async () => {
  const inputClosed = once(process.stdin.resume(), 'close');
  const folder = temporaryFolder();
  try {
    const { child, url } = await startPostgres(folder, { settings, log: join(folder, 'log') });
    const exited = once(child, 'exit');
    console.log(url('postgres'));
    await Promise.race([inputClosed, exited, once(interrupted, 'abort')]);
    child.kill('SIGQUIT'); // no checkpoint: the data goes away
    if (child.exitCode === null && child.signalCode === null) await exited;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
