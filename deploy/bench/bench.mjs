// `make bench`: Backfill beside its peers, on one machine, in one run.

import { folder } from './home.mjs'; // first: it says where the stack is
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { down } from '../dev/down.mjs';
import { main } from '../dev/failure.mjs';
import { loadFlights } from '../dev/flights.mjs';
import { repository } from '../dev/layout.mjs';
import { up } from '../dev/up.mjs';
import { backfill, fanOut } from './contenders/backfill.mjs';
import { copy } from './contenders/copy.mjs';
import { duckdb, pages } from './contenders/duckdb.mjs';
import { connectorx, dlt } from './contenders/python.mjs';
import { sling } from './contenders/sling.mjs';
import { markdown, terminalTables } from './document.mjs';
import { fetchPeer } from './fetch.mjs';
import { growthPlot, measureGrowth } from './growth.mjs';
import { describeCommit, describeMachine, describePostgres, load } from './machine.mjs';
import { readOptions } from './options.mjs';
import { linePlot } from './plot.mjs';
import { entriesOf, runRounds } from './rounds.mjs';
import { describe, growOrders, loadLineitem, warmUpTable } from './tables.mjs';
import { discardTarget } from './targets.mjs';

const KINDS = ['nowhere', 'postgres', 'duckdb', 'parquet', 'all'];
const PEERS = { copy, duckdb, pages, sling, dlt, connectorx };
const CLIMBERS = ['copy', 'backfill', 'pages'];

await main(async () => {
  const options = readOptions(['backfill', ...Object.keys(PEERS)]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.gitignore'), '*\n');
  const peers = peersOf(options);
  try {
    await down(); // a stack that an earlier run left behind may be of another build
    const stack = await up(options.quick ? async () => {} : loadFlights);
    publish(await measure(stack, peers, options), options);
  } finally {
    await down();
  }
});

async function measure(stack, peers, options) {
  const place = { source: stack.DEMO_SOURCE_URL, admin: stack.DATABASE_URL };
  const contenders = [...peers, ...(options.wants('backfill') ? backfill(stack) : [])];
  const facts = { ...about(peers), options };
  const start = load();
  const sections = [];
  for (const { title, table, list } of await tablesOf(stack, contenders, options)) {
    const warmUp = await warmUpTable(place.source, table);
    const entries = await runRounds(entriesOf(list, KINDS), { ...options, table, warmUp, place });
    sections.push({ title, table, entries });
  }
  const climbers = CLIMBERS.flatMap((id) => contenders.filter((contender) => contender.id === id));
  const growth = await measureGrowth(climbers, { place, maxGrowth: options.maxGrowth });
  await discardTarget(place.admin);
  const postgres = await describePostgres(place.source);
  return { sections, growth, run: { ...facts, postgres, loads: { start, end: load() } } };
}

function about(peers) {
  const firsts = peers.filter(({ version }, at) => version && peers.findIndex((peer) => peer.version === version) === at);
  const versions = firsts.map(({ title, version }) => `${title}: ${version}`);
  const date = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return { date, machine: describeMachine(), commit: describeCommit(), versions };
}

/** Only those that are wanted: to make one may be to fetch it. */
function peersOf({ wants }) {
  return Object.entries(PEERS).flatMap(([name, make]) => (wants(name) ? make() : []));
}

/** lineitem for everyone; the flights for Backfill and the limit, to one target and to three. */
async function tablesOf(stack, contenders, { quick, scale }) {
  const source = stack.DEMO_SOURCE_URL;
  if (quick) return [{ title: 'quick', table: await growOrders(source, 'quick', 20_000), list: contenders }];
  const few = contenders.filter(({ id }) => ['copy', 'backfill'].includes(id));
  const fan = few.some(({ id }) => id === 'backfill') ? [fanOut(stack)] : [];
  const flights = await describe(source, 'flights');
  const tpch = fetchPeer('tpch');
  if (tpch.reason) {
    console.log(`bench: no lineitem (${tpch.reason}): everyone copies the flights`);
    return [{ title: 'flights', table: flights, list: [...contenders, ...fan] }];
  }
  const lineitem = await loadLineitem(source, scale, tpch.folder);
  return [
    { title: 'lineitem', table: lineitem, list: contenders },
    { title: 'flights', table: flights, list: [...few, ...fan] },
  ];
}

function publish(results, { documents }) {
  mkdirSync(documents, { recursive: true });
  const page = join(documents, 'benchmarks.md');
  writeFileSync(page, markdown(results));
  const { growth } = results;
  if (growth.length) writeFileSync(join(documents, 'benchmarks-growth.svg'), linePlot(growthPlot(growth)));
  console.log(`\n${terminalTables(results)}\n\nWritten to ${relative(repository, page)}.`);
}
