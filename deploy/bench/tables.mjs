// The tables that are copied, and what a target needs to hold one.

import { join } from 'node:path';
import { literal, withDuckDB } from '../dev/duckdb.mjs';
import { query } from '../dev/postgres.mjs';

/** TPC-H's lineitem as DuckDB's generator makes it, with its key of two columns; kept for the next run. */
export async function loadLineitem(url, scale, tpch) {
  const wanted = `TPC-H, scale factor ${scale}`;
  const [{ there }] = await query(url, "SELECT obj_description(to_regclass('public.lineitem')) AS there");
  if (there !== wanted) {
    console.log(`bench: making lineitem (${wanted})`);
    await query(url, 'DROP TABLE IF EXISTS public.lineitem');
    await generateLineitem(url, scale, tpch);
    await query(url, 'ALTER TABLE public.lineitem ADD PRIMARY KEY (l_orderkey, l_linenumber)');
    await settle(url, 'lineitem');
    // Last: a table that says what it is, is complete.
    await query(url, `COMMENT ON TABLE public.lineitem IS ${literal(wanted)}`);
  }
  return describe(url, 'lineitem');
}

async function generateLineitem(url, scale, tpch) {
  const extension = join(tpch, 'duckdb_extension_tpch', 'extensions', 'v1.5.5', 'tpch.duckdb_extension');
  await withDuckDB(':memory:', {}, async (duckdb) => {
    await duckdb.run(`LOAD ${literal(extension)}`);
    await duckdb.run('LOAD postgres');
    await duckdb.run(`CALL dbgen(sf = ${scale})`);
    await duckdb.run(`ATTACH ${literal(url)} AS source (TYPE postgres)`);
    await duckdb.run('CREATE TABLE source.public.lineitem AS FROM lineitem');
  });
}

/** A narrow table with one integer as its key, grown to `rows`. */
export async function growOrders(url, name, rows) {
  await query(url, ORDERS(name));
  const [{ there }] = await query(url, `SELECT coalesce(max(id), 0)::int AS there FROM public.${name}`);
  await query(url, `INSERT INTO public.${name} ${ORDERS_BETWEEN(there + 1, rows)}`);
  await settle(url, name);
  return describe(url, name);
}

const ORDERS = (name) => `
  CREATE TABLE IF NOT EXISTS public.${name} (
    id        bigint PRIMARY KEY,
    customer  integer NOT NULL,
    placed_at timestamp NOT NULL,
    amount    numeric(10, 2) NOT NULL,
    status    text NOT NULL
  )`;

const ORDERS_BETWEEN = (first, last) => `
  SELECT id, (id * 7919) % 100003, timestamp '2020-01-01' + id * interval '7 seconds',
         ((id * 104729) % 1000000) / 100.0, (ARRAY['new', 'paid', 'sent', 'returned'])[1 + id % 4]
  FROM generate_series(${first}::bigint, ${last}::bigint) AS id`;

/** A tenth of a table under another name, to warm up with. */
export async function warmUpTable(url, { name, rows }) {
  const warm = `${name}_warm_up`;
  await query(url, `DROP TABLE IF EXISTS public.${warm}`);
  await query(url, `CREATE TABLE public.${warm} (LIKE public.${name} INCLUDING ALL)`);
  await query(url, `INSERT INTO public.${warm} SELECT * FROM public.${name} LIMIT ${Math.ceil(rows / 10)}`);
  await settle(url, warm);
  return describe(url, warm);
}

/** Hint bits, visibility map and statistics are there, so that the first to read does not pay for them. */
async function settle(url, name) {
  await query(url, `VACUUM (ANALYZE) public.${name}`);
}

/** A table's name, rows and size, its key, and the statement that makes an empty one like it. */
export async function describe(url, name) {
  const [size] = await query(url, `SELECT count(*)::int AS rows, pg_table_size('public.${name}')::float8 AS bytes
                                   FROM public.${name}`);
  const columns = await query(url, COLUMNS, [`public.${name}`]);
  const key = columns.filter(({ place }) => place !== null).sort((a, b) => a.place - b.place);
  const keyNames = key.map((column) => column.name);
  const definitions = columns.map((column) => `${column.name} ${column.type}${column.required ? ' NOT NULL' : ''}`);
  const ddl = (schema, withKey = true) => {
    const constraint = withKey ? `, PRIMARY KEY (${keyNames.join(', ')})` : '';
    return `CREATE TABLE ${schema}.${name} (${definitions.join(', ')}${constraint})`;
  };
  return { name, ...size, key: keyNames, columns: columns.length, ddl };
}

const COLUMNS = `
  SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
         array_position(indkey::int2[], attnum) AS place
  FROM pg_attribute LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
  WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
  ORDER BY attnum`;
