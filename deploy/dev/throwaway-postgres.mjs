// A PostgreSQL that lives as long as this process's standard input is open. It prints its URL when it
// is ready; a line on the input restarts it, and the URL is printed once more. Whoever started it can end
// in any way, by SIGKILL too: the input closes, and the server and its data are gone.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { interrupted, main } from './failure.mjs';
import { startPostgres } from './postgres.mjs';
import { temporaryFolder } from './unprivileged.mjs';

// Nothing here outlives a test run, so nothing has to survive a power cut.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 300 };

const interruption = once(interrupted, 'abort').then(() => false);

await main(async () => {
  const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const folder = temporaryFolder();
  try {
    let port;
    while (await serveUntilLine(folder, port, input, (chosen) => (port = chosen)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Runs the server until something happens; whether that was a line, which asks for a restart. */
async function serveUntilLine(folder, port, input, tellPort) {
  const server = await startPostgres(folder, { port, settings, log: join(folder, 'log') });
  tellPort(server.port);
  const exited = once(server.child, 'exit');
  console.log(server.url('postgres'));
  const line = input.next().then(({ done, value }) => !done && value);
  const restarts = await Promise.race([line, exited.then(() => false), interruption]);
  // Where the data goes away, no checkpoint.
  server.child.kill(restarts && restarts !== 'crash' ? 'SIGINT' : 'SIGQUIT');
  if (server.child.exitCode === null && server.child.signalCode === null) await exited;
  return restarts !== false;
}
