// A PostgreSQL that lives as long as this process's standard input is open. It prints its URL when it
// is ready; a line on the input restarts it, and the URL is printed once more. The line `replica` gives it
// a replica, whose URL is printed behind its own. Whoever started it can end in any way, by SIGKILL too: the
// input closes, and the servers and their data are gone.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { interrupted, main } from './failure.mjs';
import { copyCluster, follow, startPostgres } from './postgres.mjs';
import { temporaryFolder } from './unprivileged.mjs';

// Nothing here outlives a test run, so nothing has to survive a power cut.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 300 };

const interruption = once(interrupted, 'abort').then(() => false);

await main(async () => {
  const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const primary = { folder: temporaryFolder() };
  const replica = { folder: join(primary.folder, 'replica') };
  try {
    let line;
    do {
      if (line === 'replica') copyCluster(primary.folder, replica.folder);
      line = await serveUntilLine(primary, line === 'replica' ? replica : null, input);
    } while (line !== false);
  } finally {
    rmSync(primary.folder, { recursive: true, force: true });
  }
});

/** Runs the servers until something happens: a line, or false for the end. */
async function serveUntilLine(primary, replica, input) {
  const servers = [await start(primary)];
  if (replica) {
    follow(replica.folder, servers[0].url('postgres'));
    servers.push(await start(replica));
  }
  for (const server of servers) console.log(server.url('postgres'));
  const exited = servers.map(({ child }) => once(child, 'exit'));
  const said = input.next().then(({ done, value }) => !done && value);
  const line = await Promise.race([said, ...exited.map((exit) => exit.then(() => false)), interruption]);
  // Where the data goes away, no checkpoint. A replica goes first: its primary would wait for it.
  for (const [index, { child }] of [...servers.entries()].reverse()) {
    child.kill(line && line !== 'crash' ? 'SIGINT' : 'SIGQUIT');
    if (child.exitCode === null && child.signalCode === null) await exited[index];
  }
  return line;
}

/** Where it was before, if it was. */
async function start(place) {
  const log = join(place.folder, 'log');
  const server = await startPostgres(place.folder, { port: place.port, settings, log });
  place.port = server.port;
  return server;
}
