import type { Job } from '../src/api/types';

/** Backfill's REST API, for what a test prepares and looks at. */
export class Rest {
  readonly #url: string;

  constructor(url: string) {
    this.#url = `${url}/api/v1`;
  }

  async send<Answer = { id: number }>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Answer;
  }

  job = (id: number) => this.send<Job>('GET', `/backfill/${id}`);
}
