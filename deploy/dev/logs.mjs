import { existsSync, readFileSync } from 'node:fs';

/** The end of a log file, for an error message. */
export function lastLines(file, count = 20) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count) : [];
  return [`The end of ${file}:`, ...lines].join('\n  | ');
}
