import createClient, { type Middleware } from 'openapi-fetch';
import { base } from '@/base';
import { problemOf, unreachable } from './problem';
import type { paths } from './schema';

/** Turns what is not a success into a `ProblemError`, so that a call either has its data or throws. */
const problems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const body: unknown = await response.json().catch(() => null);
    throw problemOf(response, body);
  },
  onError({ error }) {
    return error instanceof DOMException && error.name === 'AbortError' ? error : unreachable();
  },
};

/** The one place that talks to the API: headers that every request needs belong here. */
export const api = createClient<paths>({
  baseUrl: base.href.replace(/\/$/, ''),
  querySerializer: { array: { style: 'form', explode: false } }, // status=FAILED,PAUSED
});
api.use(problems);

/** The data of a call whose failures have been thrown already. */
export async function dataOf<Data>(call: Promise<{ data?: Data }>): Promise<Data> {
  return (await call).data as Data;
}
