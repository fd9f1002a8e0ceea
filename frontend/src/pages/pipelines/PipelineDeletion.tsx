import { api } from '@/api/client';
import { pipelinesQuery } from '@/api/queries';
import type { Pipeline } from '@/api/types';
import { DeleteDialog } from '@/components/records/DeleteDialog';

interface PipelineDeletionProps {
  pipeline: Pipeline;
  onClose: () => void;
  onDeleted?: () => void;
}

export function PipelineDeletion({ pipeline, onClose, onDeleted }: PipelineDeletionProps) {
  return (
    <DeleteDialog
      kind="pipeline"
      name={pipeline.name}
      queryKey={pipelinesQuery.queryKey}
      remove={() => api.DELETE('/api/v1/pipelines/{id}', { params: { path: { id: pipeline.id } } })}
      onClose={onClose}
      onDeleted={onDeleted}
    >
      <p>Its ended jobs go with it, and their history. What they have copied stays at the destinations.</p>
    </DeleteDialog>
  );
}
