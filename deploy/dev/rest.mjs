// A client for Backfill's REST API, as small as the demo needs it.

import { Failure } from './failure.mjs';

export function restClient({ BACKFILL_URL, BACKFILL_TOKEN }) {
  const send = async (method, path, body) => {
    const response = await fetch(`${BACKFILL_URL}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${BACKFILL_TOKEN}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Failure(`${method} ${path} was answered with ${response.status}: ${explain(text)}`);
    return JSON.parse(text);
  };
  return { get: (path) => send('GET', path), post: (path, body) => send('POST', path, body) };
}

/** What a problem document (RFC 9457) says, or the body as it came. */
function explain(text) {
  try {
    const { title, detail, errors = [] } = JSON.parse(text);
    const fields = errors.map(({ field, message }) => `${field}: ${message}`);
    return [detail ?? title, ...fields].join('\n  ');
  } catch {
    return text;
  }
}
