import { Link, useNavigate } from '@tanstack/react-router';
import { Copy } from 'lucide-react';
import type { Job, Task } from '@/api/types';
import { base } from '@/base';
import { JobStatusBadge } from '@/components/jobs/JobStatusBadge';
import { useConfirmedAction } from '@/components/jobs/useConfirmedAction';
import { PageHeader } from '@/components/layout/PageHeader';
import { Button, ButtonLink } from '@/components/ui/Button';
import { CopyButton } from '@/components/ui/CopyButton';
import { Time } from '@/components/ui/Time';
import { ACTIONS, actionsFor, type JobAction } from '@/jobs/actions';
import { curlOf } from '@/jobs/request';

const TASKS: Record<Task, string> = {
  copy: 'Copies',
  verify: 'Compares',
  repair: 'Repairs',
  replay: 'Replays mended rows of',
};

export function JobHeader({ job }: { job: Job }) {
  return (
    <>
      <PageHeader
        title={`Job ${job.id}: ${job.table_name}`}
        heading={
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            {job.table_name} <JobStatusBadge job={job} />
          </span>
        }
        description={
          <>
            Job {job.id}. {TASKS[job.task]} {job.source_name} along{' '}
            <Link
              to="/pipelines/$id"
              params={{ id: job.pipeline_id }}
              className="rounded font-medium text-accent-text hover:underline"
            >
              {job.pipeline_name}
            </Link>
            , created <Time at={job.created_at} />
          </>
        }
        actions={<Actions job={job} />}
      />
    </>
  );
}

function Actions({ job }: { job: Job }) {
  const navigate = useNavigate();
  const { perform, dialog } = useConfirmedAction((action) => {
    if (action === 'delete') void navigate({ to: '/jobs' });
  });
  return (
    <>
      <CopyButton text={curlOf(job, base)}>Copy as curl</CopyButton>
      <ButtonLink
        size="small"
        icon={Copy}
        to="/pipelines/$id"
        params={{ id: job.pipeline_id }}
        search={{ create: 1, from: job.id }}
      >
        New job like this
      </ButtonLink>
      {actionsFor(job).map((action, place) => (
        <Action key={action} action={action} first={place === 0} onClick={() => perform(job, action)} />
      ))}
      {dialog}
    </>
  );
}

function Action({ action, first, onClick }: { action: JobAction; first: boolean; onClick: () => void }) {
  const { label, icon, danger } = ACTIONS[action];
  const goesOn = first && (action === 'resume' || action === 'retry' || action === 'repair');
  return (
    <Button
      size="small"
      icon={icon}
      variant={danger ? 'danger' : goesOn ? 'primary' : 'secondary'}
      onClick={onClick}
    >
      {label}
    </Button>
  );
}
