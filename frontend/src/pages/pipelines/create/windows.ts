import type { BackfillRequest, CampaignRequest, Column } from '@/api/types';
import { numberOf } from '@/forms/numbers';
import { kindOf } from './operators';

export type Unit = NonNullable<CampaignRequest['window']>['unit'];

/** How a table is cut into a job for each window of time: a campaign. */
export interface WindowsDraft {
  isOn: boolean;
  name: string;
  column: string;
  unit: Unit;
  from: string;
  to: string;
  timeZone: string;
  includeNull: boolean;
  order: NonNullable<CampaignRequest['order']>;
  maxRunning: string;
}

export const EMPTY_WINDOWS: WindowsDraft = {
  isOn: false,
  name: '',
  column: '',
  unit: 'month',
  from: '',
  to: '',
  timeZone: 'UTC',
  includeNull: false,
  order: 'oldest_first',
  maxRunning: '',
};

const TIMES = ['date', 'timestamp', 'timestamptz'];

/** The columns that a table can be cut by. */
export const windowColumns = (columns: readonly Column[]) =>
  columns.filter(({ type }) => TIMES.includes(kindOf(type)));

/** The campaign whose jobs are like `request`, one for each window. */
export function campaignOf(
  request: BackfillRequest,
  windows: WindowsDraft,
): CampaignRequest & BackfillRequest {
  const { table_name } = request;
  return {
    ...request,
    name: windows.name.trim() || `${table_name} by ${windows.unit}`,
    window: {
      column: windows.column,
      unit: windows.unit,
      from: windows.from,
      to: windows.to,
      time_zone: windows.timeZone,
      include_null: windows.includeNull,
    },
    order: windows.order,
    max_running: numberOf(windows.maxRunning),
  };
}
