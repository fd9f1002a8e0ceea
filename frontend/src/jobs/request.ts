import type { BackfillRequest, Job } from '@/api/types';

/** The request that would create a job like this one; what is as if nothing had been said is left out. */
export function requestOf(job: Job): BackfillRequest {
  const request: BackfillRequest = { table_name: job.table_name, write_mode: job.write_mode };
  if (job.filters.length > 0) request.filters = job.filters;
  if (job.columns) request.columns = job.columns;
  if (Object.keys(job.value_policies).length > 0) request.value_policies = job.value_policies;
  if (job.new_columns !== 'report') request.new_columns = job.new_columns;
  if (job.verification !== 'checksum') request.verification = job.verification;
  if (job.guarantee) request.guarantee = job.guarantee;
  if (job.priority !== 0) request.priority = job.priority;
  if (job.max_attempts !== 10) request.max_attempts = job.max_attempts;
  if (job.limits.rows_per_second) request.rows_per_second = job.limits.rows_per_second;
  if (job.limits.bytes_per_second) request.bytes_per_second = job.limits.bytes_per_second;
  return request;
}

/** A command for a shell that creates a job like this one. */
export function curlOf(job: Job, api: URL): string {
  const url = new URL(`api/v1/pipelines/${job.pipeline_id}/backfill`, api);
  const body = JSON.stringify(requestOf(job), null, 2).replaceAll("'", String.raw`'\''`);
  return `curl -X POST '${url.href}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
}
