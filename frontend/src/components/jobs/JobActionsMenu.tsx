import { useNavigate } from '@tanstack/react-router';
import { Copy, Ellipsis } from 'lucide-react';
import type { Job } from '@/api/types';
import { IconButton } from '@/components/ui/Button';
import { Menu } from '@/components/ui/Menu';
import { ACTIONS, actionsFor, type JobAction } from '@/jobs/actions';

interface JobActionsMenuProps {
  job: Job;
  perform: (job: Job, action: JobAction) => void;
}

/** All that can be done with a job, for its line in a list. */
export function JobActionsMenu({ job, perform }: JobActionsMenuProps) {
  const navigate = useNavigate();
  const again = () =>
    void navigate({
      to: '/pipelines/$id',
      params: { id: job.pipeline_id },
      search: { create: 1, from: job.id },
    });
  return (
    <Menu
      trigger={<IconButton label={`Actions for job ${job.id}`} icon={Ellipsis} />}
      items={[
        ...actionsFor(job).map((action) => ({ ...ACTIONS[action], onSelect: () => perform(job, action) })),
        { label: 'New job like this', icon: Copy, onSelect: again },
      ]}
    />
  );
}
