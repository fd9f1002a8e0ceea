import { Database, File, FolderTree, type LucideIcon } from 'lucide-react';
import type { Job, JobDestination } from '@/api/types';
import { VerifiedMark } from '@/components/jobs/VerifiedMark';
import { StatusBadge } from '@/components/ui/Badge';
import { Card } from '@/components/ui/Card';
import { formatCount } from '@/format/number';

const ICONS: Record<JobDestination['type'], LucideIcon> = {
  postgres: Database,
  duckdb: File,
  parquet: FolderTree,
};

/** What has become of it at each destination. */
export function DestinationParts({ job }: { job: Job }) {
  return (
    <Card title="Destinations" flush>
      <ul className="divide-y divide-line border-t border-line">
        {job.destinations.map((part) => (
          <Part key={part.destination_id} part={part} said={job.error_message} />
        ))}
      </ul>
    </Card>
  );
}

/** `said`: what stands above the page already. */
function Part({ part, said }: { part: JobDestination; said: string | null | undefined }) {
  const Icon = ICONS[part.type];
  return (
    <li className="px-4 py-3 sm:px-5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Icon aria-hidden className="size-4 shrink-0 text-muted" />
        <div className="min-w-32 flex-1">
          <p className="truncate font-medium">{part.name}</p>
          <p className="text-xs text-muted tabular-nums">
            {formatCount(part.count_record)} rows
            {part.quarantined > 0 && ` · ${formatCount(part.quarantined)} in quarantine`}
            {part.nulled > 0 && ` · ${formatCount(part.nulled)} values became NULL`}
          </p>
        </div>
        <VerifiedMark part={part} />
        <StatusBadge status={part.status} />
      </div>
      {part.error_message && part.error_message !== said && (
        <p className="mt-2 pl-7 text-xs wrap-anywhere text-red">{part.error_message}</p>
      )}
    </li>
  );
}
