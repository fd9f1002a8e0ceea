import type { Chunk } from '@/api/types';

export type CellState = 'done' | 'equal' | 'copying' | 'differs';

/** What a cell of the map stands for: a chunk, or several that follow each other. */
export interface Cell {
  first: Chunk;
  last: Chunk;
  rows: number;
  bytes: number;
  state: CellState;
}

// A cell says the worst of what is in it.
const RANK: Record<CellState, number> = { equal: 0, done: 1, copying: 2, differs: 3 };

export function stateOf(chunk: Chunk): CellState {
  if (chunk.differs && chunk.differs.length > 0) return 'differs';
  if (chunk.status === 'COPYING') return 'copying';
  return chunk.differs ? 'equal' : 'done';
}

/** The chunks in at most `limit` cells, each of as many chunks. */
export function cellsOf(chunks: Chunk[], limit: number): Cell[] {
  const size = Math.max(1, Math.ceil(chunks.length / limit));
  const cells: Cell[] = [];
  chunks.forEach((chunk, index) => {
    const cell = cells.at(-1);
    if (!cell || index % size === 0) {
      cells.push({
        first: chunk,
        last: chunk,
        rows: chunk.row_count,
        bytes: chunk.byte_count,
        state: stateOf(chunk),
      });
      return;
    }
    const state = stateOf(chunk);
    cell.last = chunk;
    cell.rows += chunk.row_count;
    cell.bytes += chunk.byte_count;
    if (RANK[state] > RANK[cell.state]) cell.state = state;
  });
  return cells;
}

export function countStates(chunks: Chunk[]): Record<CellState, number> {
  const counts: Record<CellState, number> = { done: 0, equal: 0, copying: 0, differs: 0 };
  for (const chunk of chunks) counts[stateOf(chunk)] += 1;
  return counts;
}

/** About how many chunks are still to come, by the size of those that there are; `null` where nothing tells. */
export function chunksToCome(chunks: Chunk[], rowsLeft: number): number | null {
  const done = chunks.filter(({ status }) => status === 'DONE');
  const rows = done.reduce((sum, { row_count }) => sum + row_count, 0);
  return rows > 0 ? Math.max(0, Math.round((rowsLeft / rows) * done.length)) : null;
}

/** The range that a chunk holds, as people say it. */
export function rangeOf(first: Chunk, last: Chunk): string {
  if (first.lower_page != null || first.upper_page != null) {
    return `pages ${first.lower_page ?? 0} to ${last.upper_page ?? 'the end'}`;
  }
  const [lower, upper] = [keyText(first.lower_key), keyText(last.upper_key)];
  if (!lower && !upper) return 'all rows';
  if (!lower) return `up to ${upper}`;
  return upper ? `after ${lower} up to ${upper}` : `after ${lower}`;
}

function keyText(key: unknown): string {
  if (typeof key !== 'object' || key === null) return '';
  return Object.entries(key)
    .map(([column, value]) => `${column} ${String(value)}`)
    .join(', ');
}
