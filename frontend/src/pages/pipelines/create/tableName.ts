import type { Table } from '@/api/types';

const PLAIN = /^[a-z_][a-z0-9_$]*$/;

const quoted = (part: string) => (PLAIN.test(part) ? part : `"${part.replaceAll('"', '""')}"`);

/** A table as requests name it: both parts, quoted where SQL has to. */
export const tableNameOf = ({ schema, name }: Pick<Table, 'schema' | 'name'>) =>
  `${quoted(schema)}.${quoted(name)}`;

const PART = String.raw`"(?:[^"]|"")*"|[^".]+`;
const NAME = new RegExp(`^(?:(${PART})\\.)?(${PART})$`);

const unquoted = (part: string) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

/** The table among `tables` that a job's `table_name` names. */
export function findTable(tables: readonly Table[], tableName: string): Table | undefined {
  const [, schema = 'public', name] = NAME.exec(tableName) ?? [];
  if (name === undefined) return undefined;
  const [wantedSchema, wantedName] = [unquoted(schema), unquoted(name)];
  return tables.find((table) => table.schema === wantedSchema && table.name === wantedName);
}
