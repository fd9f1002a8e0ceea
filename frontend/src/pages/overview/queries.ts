import { jobListQuery, throughputQuery } from '@/api/queries';

export const RUNNING_SHOWN = 8;
export const runningQuery = jobListQuery({ status: ['EXECUTING'], limit: RUNNING_SHOWN });
export const failedQuery = jobListQuery({ status: ['FAILED'], limit: 5 });
export const lastHourQuery = throughputQuery(60);
