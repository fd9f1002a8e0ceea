import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ConfirmDialog } from '@/components/ui/ConfirmDialog';
import { ErrorPanel } from '@/components/ui/ErrorPanel';
import { useToast } from '@/components/ui/Toast';

interface DeleteDialogProps {
  /** What it is, such as `source`. */
  kind: string;
  name: string;
  remove: () => Promise<unknown>;
  /** The list that it is in. */
  queryKey: QueryKey;
  onClose: () => void;
  onDeleted?: () => void;
  /** What goes with it, and what stays. */
  children: ReactNode;
}

/** Deletes a record once that is confirmed; why it may not be deleted is said here. */
export function DeleteDialog(props: DeleteDialogProps) {
  const client = useQueryClient();
  const toast = useToast();
  const deletion = useMutation({
    mutationFn: props.remove,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: props.queryKey, exact: true });
      toast.success(`Deleted ${props.kind} ${props.name}`);
      props.onClose();
      props.onDeleted?.();
    },
  });
  return (
    <ConfirmDialog
      open
      danger
      onClose={props.onClose}
      onConfirm={() => deletion.mutate()}
      busy={deletion.isPending}
      title={`Delete the ${props.kind} ${props.name}?`}
      confirm={`Delete ${props.kind}`}
    >
      {props.children}
      {deletion.error && <ErrorPanel error={deletion.error} />}
    </ConfirmDialog>
  );
}
