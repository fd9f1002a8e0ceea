import { useQuery } from '@tanstack/react-query';
import { jobQuery, tablesQuery } from '@/api/queries';
import type { Pipeline } from '@/api/types';
import { Dialog } from '@/components/ui/Dialog';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { SkeletonRows } from '@/components/ui/Skeleton';
import { BackfillForm } from './BackfillForm';
import { draftLike, emptyDraft } from './draft';
import { findTable } from './tableName';

interface CreateBackfillDialogProps {
  pipeline: Pipeline;
  /** The job whose request the form begins with. */
  from?: number;
  onClose: () => void;
}

export function CreateBackfillDialog({ pipeline, from, onClose }: CreateBackfillDialogProps) {
  if (from === undefined) return <BackfillForm pipeline={pipeline} begin={emptyDraft} onClose={onClose} />;
  return <LikeAnother pipeline={pipeline} from={from} onClose={onClose} />;
}

function LikeAnother({ pipeline, from, onClose }: CreateBackfillDialogProps & { from: number }) {
  const job = useQuery(jobQuery(from));
  const tables = useQuery(tablesQuery(pipeline.source_id));
  if (job.data && tables.data) {
    const { data } = job;
    const table = findTable(tables.data, data.table_name);
    return (
      <BackfillForm
        pipeline={pipeline}
        begin={() => (table ? draftLike(data, table) : emptyDraft())}
        note={table ? `Like job ${from}.` : `Job ${from} is of ${data.table_name}, which is gone.`}
        onClose={onClose}
      />
    );
  }
  const error = job.error ?? tables.error;
  return (
    <Dialog open onClose={onClose} title="Create backfill" size="large">
      {error ? <ErrorPanel error={error} /> : <SkeletonRows label="Loading the job to begin with" />}
    </Dialog>
  );
}
