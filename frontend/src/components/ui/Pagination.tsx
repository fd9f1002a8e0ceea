import { ChevronLeft, ChevronRight } from 'lucide-react';
import { formatCount } from '@/format/number';
import { IconButton } from './Button';

interface PaginationProps {
  total: number;
  skip: number;
  limit: number;
  onSkip: (skip: number) => void;
}

export function Pagination({ total, skip, limit, onSkip }: PaginationProps) {
  const last = Math.min(skip + limit, total);
  return (
    <nav aria-label="Pages" className="flex items-center justify-end gap-2 text-xs text-muted tabular-nums">
      <span aria-live="polite">
        {total === 0 ? 'None' : `${formatCount(skip + 1)}–${formatCount(last)} of ${formatCount(total)}`}
      </span>
      <IconButton
        label="Previous page"
        icon={ChevronLeft}
        disabled={skip === 0}
        onClick={() => onSkip(Math.max(0, skip - limit))}
      />
      <IconButton
        label="Next page"
        icon={ChevronRight}
        disabled={last >= total}
        onClick={() => onSkip(skip + limit)}
      />
    </nav>
  );
}
