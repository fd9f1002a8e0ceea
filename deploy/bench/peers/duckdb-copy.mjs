// `node duckdb-copy.mjs postgres|duckdb|parquet SOURCE TABLE TARGET [DDL]`: a whole table in one statement.

import { join } from 'node:path';
import { literal, withDuckDB } from '../../dev/duckdb.mjs';

const [kind, source, table, target, ddl] = process.argv.slice(2);

const STATEMENTS = {
  postgres: [
    `ATTACH ${literal(target)} AS target (TYPE postgres)`,
    `INSERT INTO target.public.${table} FROM source.public.${table}`,
  ],
  duckdb: [
    `ATTACH ${literal(target)} AS target`,
    ...(ddl
      ? [ddl, `INSERT INTO target.main.${table} FROM source.public.${table}`]
      : [`CREATE TABLE target.main.${table} AS FROM source.public.${table}`]),
  ],
  parquet: [`COPY source.public.${table} TO ${literal(join(target, `${table}.parquet`))} (FORMAT parquet)`],
};

await withDuckDB(':memory:', {}, async (duckdb) => {
  await duckdb.run('LOAD postgres');
  await duckdb.run(`ATTACH ${literal(source)} AS source (TYPE postgres, READ_ONLY)`);
  for (const statement of STATEMENTS[kind]) await duckdb.run(statement);
});
