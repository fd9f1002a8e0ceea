import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { Job, JobList } from '@/api/types';
import { isNewer } from '@/jobs/newest';

const FLUSH = 500;

/** Brings what the event stream says into the query cache. */
export class LiveCache {
  readonly #client: QueryClient;
  /** What has to be fetched again, by the text of its key: many events a second become one request. */
  readonly #stale = new Map<string, QueryKey>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  apply(name: 'job' | 'deleted', data: string) {
    if (name === 'job') this.#job(JSON.parse(data) as Job);
    else this.#deleted((JSON.parse(data) as { id: number }).id);
  }

  #job(job: Job) {
    let known: Job | undefined;
    const put = (old: Job) => {
      known = old;
      return isNewer(job, old) ? job : old;
    };
    this.#client.setQueryData<Job>(['jobs', 'one', job.id], (old) => old && put(old));
    this.#client.setQueriesData<JobList>(
      { queryKey: ['jobs', 'list'] },
      (list) => list && replaceIn(list, job.id, put),
    );
    // Where it is being fetched for the first time, the answer may be older than this.
    if (!this.#client.getQueryData(['jobs', 'one', job.id])) this.#staleSoon(['jobs', 'one', job.id]);
    this.#staleSoon(['jobs', 'detail', job.id]);
    this.#staleSoon(['stats']);
    if (known?.status === job.status) return;
    this.#staleSoon(['jobs', 'list']);
    this.#staleSoon(['workers']);
    if (job.campaign_id) this.#staleSoon(['campaigns', job.campaign_id]);
  }

  #deleted(id: number) {
    this.#staleSoon(['jobs', 'list']);
    this.#staleSoon(['jobs', 'one', id]);
    this.#staleSoon(['stats']);
  }

  #staleSoon(key: QueryKey) {
    this.#stale.set(JSON.stringify(key), key);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH);
  }

  #flush() {
    this.#timer = undefined;
    for (const queryKey of this.#stale.values()) void this.#client.invalidateQueries({ queryKey });
    this.#stale.clear();
  }
}

function replaceIn(list: JobList, id: number, put: (old: Job) => Job): JobList {
  const index = list.items.findIndex((item) => item.id === id);
  const old = list.items[index];
  return old ? { ...list, items: list.items.with(index, put(old)) } : list;
}
