import type { TableKind } from '@/api/types';

export const TABLE_KINDS: Record<TableKind, string> = {
  table: 'Table',
  partitioned_table: 'Partitioned table',
  view: 'View',
  materialized_view: 'Materialized view',
  foreign_table: 'Foreign table',
};
