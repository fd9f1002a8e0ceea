import type { BackfillRequest, Job, Table, WriteMode } from '@/api/types';
import { numberOf, textOf } from '@/forms/numbers';
import { requestOf as requestOfJob } from '@/jobs/request';
import { draftsOf, filtersOf, isComplete, type FilterDraft } from './filters';
import { EMPTY_WINDOWS, type WindowsDraft } from './windows';
import { tableNameOf } from './tableName';

export interface ColumnDraft {
  name: string;
  isCopied: boolean;
  /** Its name at the destinations; empty: the same. */
  as: string;
}

/** A backfill as the form holds it. */
export interface BackfillDraft {
  table: Table | null;
  filters: FilterDraft[];
  /** Empty: all columns under their own names, whatever they will be. */
  columns: ColumnDraft[];
  /** `null` until one is chosen: what fits the table best. */
  writeMode: WriteMode | null;
  newColumns: NonNullable<BackfillRequest['new_columns']>;
  verification: NonNullable<BackfillRequest['verification']>;
  guarantee: NonNullable<BackfillRequest['guarantee']> | 'plan';
  rowsPerSecond: string;
  megabytesPerSecond: string;
  priority: string;
  maxAttempts: string;
  /** In the viewer's zone, as a control holds it. */
  runAfter: string;
  /** Has no control of its own: kept from the job that this begins with. */
  valuePolicies: BackfillRequest['value_policies'];
  windows: WindowsDraft;
}

const MEGABYTE = 1_000_000;

export const emptyDraft = (): BackfillDraft => ({
  table: null,
  filters: [],
  columns: [],
  writeMode: null,
  newColumns: 'report',
  verification: 'checksum',
  guarantee: 'plan',
  rowsPerSecond: '',
  megabytesPerSecond: '',
  priority: '',
  maxAttempts: '',
  runAfter: '',
  valuePolicies: undefined,
  windows: EMPTY_WINDOWS,
});

/** What would create a job like `job`, whose table this is. */
export function draftLike(job: Job, table: Table): BackfillDraft {
  const request = requestOfJob(job);
  const bytes = request.bytes_per_second;
  const chosen = request.columns ?? [];
  return {
    ...emptyDraft(),
    table,
    filters: draftsOf(request.filters ?? [], table.columns),
    columns:
      chosen.length === 0
        ? []
        : table.columns.map(({ name }) => {
            const choice = chosen.find((column) => column.name === name);
            return { name, isCopied: choice !== undefined, as: choice?.as ?? '' };
          }),
    writeMode: request.write_mode ?? null,
    newColumns: request.new_columns ?? 'report',
    verification: request.verification ?? 'checksum',
    guarantee: request.guarantee ?? 'plan',
    rowsPerSecond: textOf(request.rows_per_second),
    megabytesPerSecond: textOf(bytes == null ? null : bytes / MEGABYTE),
    priority: textOf(request.priority),
    maxAttempts: textOf(request.max_attempts),
    valuePolicies: request.value_policies,
  };
}

/** Another table: filters, columns and windows were for the one before. */
export const withTable = (draft: BackfillDraft, table: Table | null): BackfillDraft => ({
  ...draft,
  table,
  filters: [],
  columns: [],
  writeMode: null,
  valuePolicies: undefined,
  windows: { ...draft.windows, column: '' },
});

/** Whether destinations can tell rows apart: by the primary key, with all its columns copied. */
export function hasKey({ table, columns }: BackfillDraft): boolean {
  if (!table || table.primary_key.length === 0) return false;
  const left = new Set(columns.filter(({ isCopied }) => !isCopied).map(({ name }) => name));
  return table.primary_key.every((name) => !left.has(name));
}

/** The write modes that fit, the default first. */
export const modesFor = (draft: BackfillDraft): WriteMode[] =>
  hasKey(draft) ? ['upsert', 'insert_missing', 'append', 'replace'] : ['append', 'replace'];

export function modeOf(draft: BackfillDraft): WriteMode {
  const modes = modesFor(draft);
  return modes.find((mode) => mode === draft.writeMode) ?? (modes[0] as WriteMode);
}

/** What would be sent, or nothing while there is no table. What is as if nothing had been said is left out. */
export function requestOf(draft: BackfillDraft): BackfillRequest | null {
  const { table } = draft;
  if (!table) return null;
  const request: BackfillRequest = { table_name: tableNameOf(table), write_mode: modeOf(draft) };
  const filters = filtersOf(draft.filters, table.columns);
  if (filters.length > 0) request.filters = filters;
  if (draft.columns.length > 0) {
    request.columns = draft.columns
      .filter(({ isCopied }) => isCopied)
      .map(({ name, as }) => (as.trim() === '' ? { name } : { name, as: as.trim() }));
  }
  if (draft.newColumns !== 'report') request.new_columns = draft.newColumns;
  if (draft.verification !== 'checksum') request.verification = draft.verification;
  if (draft.guarantee !== 'plan') request.guarantee = draft.guarantee;
  const rows = numberOf(draft.rowsPerSecond);
  if (rows !== null) request.rows_per_second = rows;
  const megabytes = numberOf(draft.megabytesPerSecond);
  if (megabytes !== null) request.bytes_per_second = Math.round(megabytes * MEGABYTE);
  const priority = numberOf(draft.priority);
  if (priority !== null) request.priority = priority;
  const attempts = numberOf(draft.maxAttempts);
  if (attempts !== null) request.max_attempts = attempts;
  if (draft.runAfter !== '') request.run_after = new Date(draft.runAfter).toISOString();
  if (draft.valuePolicies) request.value_policies = draft.valuePolicies;
  return request;
}

/** The request once nothing is left to be typed in. */
export function completeRequestOf(draft: BackfillDraft): BackfillRequest | null {
  const columns = draft.table?.columns ?? [];
  return draft.filters.every((filter) => isComplete(filter, columns)) ? requestOf(draft) : null;
}

/** Where the column at `index` of the form is in the request, which has only those that are copied. */
export const columnPlace = (columns: readonly ColumnDraft[], index: number) =>
  columns.slice(0, index).filter(({ isCopied }) => isCopied).length;

/** The fields of the request at which the form shows what is wrong. */
export const SHOWN = [
  'table_name',
  'filters',
  'columns',
  'write_mode',
  'new_columns',
  'verification',
  'guarantee',
  'rows_per_second',
  'bytes_per_second',
  'priority',
  'max_attempts',
  'run_after',
  'name',
  'window',
  'order',
  'max_running',
];
