// `node stack.mjs up|down`

import { existsSync } from 'node:fs';
import { down } from './down.mjs';
import { Failure, main } from './failure.mjs';
import { home } from './home.mjs';
import { stamp } from './layout.mjs';

await main(async () => {
  const [command] = process.argv.slice(2);
  if (command === 'down') {
    console.log((await down()) ? 'The stack is down.' : 'Nothing was running.');
  } else if (command === 'up') {
    if (!existsSync(stamp)) throw new Failure('Its parts have not been fetched: run `make deps`.');
    const { up } = await import('./up.mjs'); // needs what `make deps` fetches; going down does not
    const { BACKFILL_URL } = await up();
    console.log(`Backfill is up at ${BACKFILL_URL} (URLs and token: ${home.environment}; logs: ${home.folder}/log).`);
  } else {
    throw new Failure('Usage: node stack.mjs up|down');
  }
});
