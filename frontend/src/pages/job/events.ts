import { formatCount } from '@/format/number';

/** Of the audit trail; one of a later version may have an action that is not known here. */
interface Event {
  action: string;
  actor: string;
  address?: string | null;
  before?: unknown;
  after?: unknown;
}

interface Said {
  words: string;
  detail?: string;
  /** Of the mark beside it. */
  colour: string;
}

const QUIET = 'bg-gray-solid';

const ACTIONS: Record<string, { words: string; colour?: string }> = {
  created: { words: 'Created' },
  changed: { words: 'Changed' },
  claimed: { words: 'Taken up by a daemon', colour: 'bg-blue-solid' },
  planned: { words: 'Planned' },
  snapshot_taken: { words: 'Snapshot taken' },
  put_off: { words: 'Put off' },
  handed_back: { words: 'Handed back by its daemon' },
  lease_lost: { words: 'Its daemon fell silent', colour: 'bg-amber-solid' },
  retried: { words: 'An attempt failed, to be tried again', colour: 'bg-amber-solid' },
  pause_requested: { words: 'Asked to pause' },
  cancel_requested: { words: 'Asked to be cancelled' },
  verify_requested: { words: 'Asked to be compared with the source' },
  repair_requested: { words: 'Asked to be repaired' },
  replay_requested: { words: 'Asked to replay mended rows' },
  row_mended: { words: 'A row in quarantine was mended' },
  resumed: { words: 'Resumed' },
  paused: { words: 'Paused', colour: 'bg-amber-solid' },
  cancelled: { words: 'Cancelled' },
  completed: { words: 'Completed', colour: 'bg-green-solid' },
  failed: { words: 'Failed', colour: 'bg-red-solid' },
};

/** An event in words; one that is not known by its own name. */
export function sayEvent(event: Event): Said {
  const { words, colour } = ACTIONS[event.action] ?? { words: event.action.replaceAll('_', ' ') };
  return { words, colour: colour ?? QUIET, detail: detailOf(event) };
}

/** ` · by …`, where that says something. */
export function sayActor({ actor, address }: Event): string {
  if (actor.startsWith('daemon:')) return '';
  const who = actor === 'anonymous' || actor === '' ? null : actor.replace('database:', 'database role ');
  const parts = [who && `by ${who}`, address && `from ${address}`].filter(Boolean);
  return parts.length > 0 ? ` · ${parts.join(' ')}` : '';
}

function detailOf({ action, after, before }: Event): string | undefined {
  const state = recordOf(after);
  const error = state.error_message;
  if (typeof error === 'string' && error !== '') return error;
  if (action === 'claimed' && typeof state.attempt === 'number') return `Attempt ${state.attempt}`;
  if (action === 'changed') return changesOf(recordOf(before), state);
  if (typeof state.count_record === 'number' && action !== 'created')
    return `${formatCount(state.count_record)} rows`;
  return undefined;
}

function changesOf(before: Record<string, unknown>, after: Record<string, unknown>): string {
  return Object.entries(after)
    .map(([name, value]) => `${name}: ${JSON.stringify(before[name] ?? null)} → ${JSON.stringify(value)}`)
    .join(', ');
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
