// The demo's data: three million flights in the United States, January to June 2001, from vega-datasets.

import { join } from 'node:path';
import { literal, withDuckDB } from './duckdb.mjs';
import { interrupted } from './failure.mjs';
import { here } from './layout.mjs';
import { query } from './postgres.mjs';

const FILE = join(here, 'node_modules', 'vega-datasets', 'data', 'flights-3m.parquet');

/** Loads `public.flights`, unless it is there. */
export async function loadFlights(url) {
  const [{ loaded }] = await query(url, "SELECT to_regclass('public.flights') IS NOT NULL AS loaded");
  if (loaded) return;
  const start = performance.now();
  await query(url, CREATE);
  await copyRows(url);
  await query(url, FINISH);
  const [{ rows }] = await query(url, 'SELECT count(*)::int AS rows FROM public.flights');
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`Loaded ${rows.toLocaleString('en')} flights into demo_source in ${seconds} s.`);
}

// The table gets its name last: one that carries it is complete, also after a load that was cut off.
const CREATE = `
  DROP TABLE IF EXISTS public.flights_loading;
  CREATE TABLE public.flights_loading (
    id            bigint    NOT NULL,
    flight_date   date      NOT NULL,
    departed_at   timestamp NOT NULL,
    delay_minutes integer   NOT NULL,
    distance      integer   NOT NULL,
    origin        text      NOT NULL,
    destination   text      NOT NULL
  )`;

const FINISH = `
  ALTER TABLE public.flights_loading ADD CONSTRAINT flights_pkey PRIMARY KEY (id);
  ALTER TABLE public.flights_loading RENAME TO flights;
  ANALYZE public.flights`;

/** DuckDB reads the file and writes the rows by binary COPY. */
async function copyRows(url) {
  await withDuckDB(':memory:', {}, async (duckdb) => {
    interrupted.addEventListener('abort', () => duckdb.interrupt(), { once: true });
    await duckdb.run('LOAD postgres');
    await duckdb.run(`ATTACH ${literal(url)} AS source (TYPE postgres)`);
    await duckdb.run(`
      INSERT INTO source.public.flights_loading
      SELECT file_row_number + 1, "date"::date, "date", delay, distance, origin, destination
      FROM read_parquet(${literal(FILE)}, file_row_number = true)`);
  });
}
