// The part of an address behind the question mark: plain names and texts, so that people can read and write it.

type Search = Record<string, unknown>;
type Plain = string | number;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Search): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '') continue;
    parameters.set(name, Array.isArray(value) ? value.join(',') : `${value as Plain}`);
  }
  // A comma needs no escape there, and lists read better without.
  const text = parameters.toString().replaceAll('%2C', ',');
  return text && `?${text}`;
}

/** A whole number of at least 1, or nothing where the address has something else. */
export function positive(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Those of a comma-separated list that are among `known`; nothing if none is. */
export function listOf<Known extends string>(value: unknown, known: readonly Known[]): Known[] | undefined {
  const names: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  const found = known.filter((name) => names.includes(name));
  return found.length > 0 ? found : undefined;
}

/** `value` where it is among `known`. */
export function oneOf<Known extends string>(value: unknown, known: readonly Known[]): Known | undefined {
  return known.find((name) => name === value);
}
