import { useState, type ReactNode } from 'react';
import type { Job } from '@/api/types';
import { ConfirmDialog } from '@/components/ui/ConfirmDialog';
import { ACTIONS, type JobAction } from '@/jobs/actions';
import { useJobAction } from '@/jobs/useJobAction';

/** Does things with jobs, and asks before where data or work is at stake: `dialog` has to be rendered. */
export function useConfirmedAction(onDone?: (action: JobAction) => void): {
  perform: (job: Job, action: JobAction) => void;
  dialog: ReactNode;
} {
  const { mutate } = useJobAction();
  const [asked, setAsked] = useState<{ job: Job; action: JobAction } | null>(null);
  const [open, setOpen] = useState(false);

  const send = (job: Job, action: JobAction) =>
    mutate({ job, action }, { onSuccess: () => onDone?.(action) });
  const perform = (job: Job, action: JobAction) => {
    if (ACTIONS[action].confirm) {
      setAsked({ job, action });
      setOpen(true);
    } else {
      send(job, action);
    }
  };
  const confirm = asked && ACTIONS[asked.action].confirm;
  const dialog = confirm && (
    <ConfirmDialog
      open={open}
      onClose={() => setOpen(false)}
      onConfirm={() => {
        setOpen(false);
        send(asked.job, asked.action);
      }}
      title={confirm.title}
      confirm={`${ACTIONS[asked.action].label} job ${asked.job.id}`}
      danger={ACTIONS[asked.action].danger}
    >
      <p className="font-medium text-text">
        Job {asked.job.id}, {asked.job.table_name}
      </p>
      {confirm.text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
    </ConfirmDialog>
  );
  return { perform, dialog };
}
