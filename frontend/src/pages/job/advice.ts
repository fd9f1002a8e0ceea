/** What to do about an error of a job, by what its message says; nothing where the message says it all. */
export function adviceOn(message: string): string | null {
  return ADVICE.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}

// The first that fits. The same as the table "When a job fails" in docs/backfill.md, in short.
const ADVICE: [RegExp, string][] = [
  [
    /cannot connect to/i,
    'Check that the server runs and that the record of the source or destination is right: test it there, then retry.',
  ],
  [
    /the destination cannot hold/i,
    'Correct the row at the source, filter it out, or start a new job with a policy for this column: as text, as NULL, or set aside in quarantine.',
  ],
  [
    /rows that a destination cannot hold/i,
    'Quarantine is for exceptions. Start a new job with the policy “text” or “null” for the column.',
  ],
  [
    /has no column/i,
    'Add the column by the statement in the message, or start a new job that adds new columns by itself.',
  ],
  [
    /cannot hold every value of type|does not hold every value of type/i,
    'Widen the column at the destination, or move its table away so that a new one is made; then retry.',
  ],
  [
    /needs a (unique index|PRIMARY KEY)/i,
    'Make that index at the destination and retry, or start a new job that appends.',
  ],
  [
    /duplicate key/i,
    'Appending met a key that is there already: start a new job that upserts, or remove those rows.',
  ],
  [
    /row-level security/i,
    'A policy would hide rows from the source’s user: give it BYPASSRLS, or copy a view.',
  ],
  [
    /does not exist|do not fit the table any more|than when the job began/i,
    'The table has changed since the job was created: start a new one.',
  ],
  [
    /does not verify/i,
    'A trigger or a column’s type at the destination changes rows. The chunk was not committed: mend that and retry.',
  ],
  [
    /another program has the file open|another job writes the file/i,
    'A DuckDB file takes one process at a time: close the other one, then retry.',
  ],
  [/permission denied/i, 'Grant the user what the message names, then retry.'],
  [
    /were removed after|has committed \d+ chunks/i,
    'Something at the destination was removed or restored meanwhile: start a new job.',
  ],
  [
    /not all read within|read as a single stream/i,
    'Cut the job into smaller ones by filters, ask for “chunked”, or allow older snapshots (BACKFILL_SNAPSHOT_MAX_AGE).',
  ],
  [/internal error/i, 'This is a defect. The daemon’s log has its place; please report it.'],
];
