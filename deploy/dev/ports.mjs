// TCP ports of this machine's loopback interface.

import { createServer } from 'node:net';

/** Listens for a moment on `port` (0: one the system picks) and tells which, or null if it is taken. */
export function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const { port: found } = server.address();
      server.close(() => resolve(found));
    });
  });
}

export const freePort = () => tryPort(0);
