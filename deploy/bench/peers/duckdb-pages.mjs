// `node duckdb-pages.mjs SOURCE TABLE TARGET`: pages of 10,000 rows by LIMIT and OFFSET, until one comes back short.
// Spared are the passing of rows through a program and the look for duplicates, so this is the loop at its best.

import { literal, withDuckDB } from '../../dev/duckdb.mjs';

const PAGE = 10_000;
const [source, table, target] = process.argv.slice(2);

await withDuckDB(':memory:', {}, async (duckdb) => {
  await duckdb.run('LOAD postgres');
  await duckdb.run(`ATTACH ${literal(source)} AS source (TYPE postgres, READ_ONLY)`);
  await duckdb.run(`ATTACH ${literal(target)} AS target (TYPE postgres)`);
  for (let offset = 0, moved = PAGE; moved === PAGE; offset += PAGE) {
    const { rowsChanged } = await duckdb.run(`
      INSERT INTO target.public.${table} SELECT * FROM source.public.${table} LIMIT ${PAGE} OFFSET ${offset}`);
    moved = rowsChanged;
  }
});
