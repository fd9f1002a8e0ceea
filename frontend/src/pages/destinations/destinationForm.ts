import type { Destination, DestinationRequest, SslMode } from '@/api/types';
import { numberOf, textOf } from '@/forms/numbers';

export type DestinationType = Destination['type'];

/** A destination as the form holds it; of its fields, each type uses its own. */
export interface DestinationDraft {
  name: string;
  type: DestinationType;
  host: string;
  port: string;
  database: string;
  username: string;
  password: string;
  sslmode: SslMode;
  path: string;
  schema: string;
  batch_rows: string;
  batch_megabytes: string;
}

/** The schema of each type that is meant where none is given. */
export const DEFAULT_SCHEMA: Record<DestinationType, string> = {
  postgres: 'public',
  duckdb: 'main',
  parquet: '',
};

const MEBIBYTE = 1 << 20;

export function draftOf(destination?: Destination): DestinationDraft {
  const empty: DestinationDraft = {
    name: destination?.name ?? '',
    type: destination?.type ?? 'postgres',
    host: '',
    port: '5432',
    database: '',
    username: '',
    password: '',
    sslmode: 'prefer',
    path: '',
    schema: '',
    batch_rows: textOf(destination?.config.batch_rows),
    batch_megabytes: textOf(
      destination?.config.batch_bytes == null ? null : destination.config.batch_bytes / MEBIBYTE,
    ),
  };
  switch (destination?.type) {
    case undefined:
      return empty;
    case 'postgres': {
      const { host, port = 5432, database, username, sslmode = 'prefer', schema = '' } = destination.config;
      return { ...empty, host, port: String(port), database, username, sslmode, schema };
    }
    case 'duckdb':
      return { ...empty, path: destination.config.path, schema: destination.config.schema ?? '' };
    case 'parquet':
      return { ...empty, path: destination.config.path };
  }
}

export function requestOf(draft: DestinationDraft): DestinationRequest {
  const megabytes = numberOf(draft.batch_megabytes);
  const batch = {
    batch_rows: numberOf(draft.batch_rows),
    batch_bytes: megabytes === null ? null : Math.round(megabytes * MEBIBYTE),
  };
  const schema = draft.schema.trim() || DEFAULT_SCHEMA[draft.type];
  const { name, type } = draft;
  const path = draft.path.trim();
  switch (type) {
    case 'postgres':
      return {
        name,
        type,
        config: {
          host: draft.host.trim(),
          port: numberOf(draft.port) ?? 5432,
          database: draft.database.trim(),
          username: draft.username.trim(),
          // Left out, the stored one stays.
          password: draft.password === '' ? null : draft.password,
          sslmode: draft.sslmode,
          schema,
          ...batch,
        },
      };
    case 'duckdb':
      return { name, type, config: { path, schema, ...batch } };
    case 'parquet':
      return { name, type, config: { path, ...batch } };
  }
}

const CONFIG: Record<DestinationType, string[]> = {
  postgres: ['host', 'port', 'database', 'username', 'password', 'sslmode', 'schema'],
  duckdb: ['path', 'schema'],
  parquet: ['path'],
};

/** The fields of the request at which the form shows what is wrong. */
export const shownFields = (type: DestinationType) => [
  'name',
  ...[...CONFIG[type], 'batch_rows', 'batch_bytes'].map((name) => `config.${name}`),
];

/** Where it is, in a line. */
export function placeOf(destination: Destination): string {
  switch (destination.type) {
    case 'postgres': {
      const { host, port = 5432, database, schema = DEFAULT_SCHEMA.postgres } = destination.config;
      return `${host}:${port}/${database}, schema ${schema}`;
    }
    case 'duckdb':
      return `${destination.config.path}, schema ${destination.config.schema ?? DEFAULT_SCHEMA.duckdb}`;
    case 'parquet':
      return destination.config.path;
  }
}
