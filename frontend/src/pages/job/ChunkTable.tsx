import { useState } from 'react';
import type { Chunk, Plan } from '@/api/types';
import { Pagination } from '@/components/ui/Pagination';
import { Table, Td, Th } from '@/components/ui/Table';
import { formatBytes, formatCount } from '@/format/number';
import { formatClock } from '@/format/time';
import { rangeOf, stateOf, type CellState } from './chunks';

const LIMIT = 20;

const WORDS: Record<CellState, string> = {
  done: 'Done',
  equal: 'Equal',
  copying: 'Copying',
  differs: 'Differs',
};

/** The map's chunks one by one, for who wants to read them, or cannot see the map. */
export function ChunkTable({ chunks, plan }: { chunks: Chunk[]; plan: Plan | null }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="mt-3" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit cursor-pointer rounded text-xs font-medium text-accent-text">
        Chunks as a table
      </summary>
      {open && <Rows chunks={chunks} plan={plan} />}
    </details>
  );
}

function Rows({ chunks, plan }: { chunks: Chunk[]; plan: Plan | null }) {
  const [skip, setSkip] = useState(0);
  const shown = chunks.slice(skip, skip + LIMIT);
  return (
    <div className="mt-3">
      <div className="overflow-hidden rounded-lg border border-line">
        <Table label="Chunks">
          <thead>
            <tr>
              <Th numeric>No.</Th>
              <Th>State</Th>
              <Th>Range</Th>
              <Th numeric>Rows</Th>
              <Th numeric>Size</Th>
              <Th numeric>Finished</Th>
            </tr>
          </thead>
          <tbody>
            {shown.map((chunk) => (
              <tr key={chunk.number}>
                <Td numeric>{formatCount(chunk.number)}</Td>
                <Td>{WORDS[stateOf(chunk)]}</Td>
                <Td className="whitespace-nowrap">
                  {plan && plan.sections.length > 1 && (
                    <span className="text-muted">{plan.sections[chunk.section]?.relation}: </span>
                  )}
                  {rangeOf(chunk, chunk)}
                </Td>
                <Td numeric>{formatCount(chunk.row_count)}</Td>
                <Td numeric className="whitespace-nowrap">
                  {formatBytes(chunk.byte_count)}
                </Td>
                <Td numeric className="whitespace-nowrap">
                  {chunk.finished_at && formatClock(chunk.finished_at)}
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </div>
      <div className="mt-2">
        <Pagination total={chunks.length} skip={skip} limit={LIMIT} onSkip={setSkip} />
      </div>
    </div>
  );
}
