import { useMutation, useQueryClient, type QueryClient, type QueryKey } from '@tanstack/react-query';
import { api } from '@/api/client';
import type { Job, JobList } from '@/api/types';
import { useToast } from '@/components/ui/Toast';
import { ACTIONS, expected, type JobAction } from './actions';

interface Request {
  job: Job;
  action: JobAction;
}

/** Does something with a job: it shows at once, and is taken back if the API refuses. */
export function useJobAction() {
  const client = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: send,
    onMutate: ({ job, action }) => change(client, job.id, optimistic(action)),
    onSuccess: (answer, { job, action }) => {
      if (answer) change(client, job.id, () => answer);
      toast.success(ACTIONS[action].done, `Job ${job.id}, ${job.table_name}`);
    },
    onError: (error, { job, action }, before) => {
      for (const [key, data] of before ?? []) client.setQueryData(key, data);
      toast.failure(`${ACTIONS[action].label} was refused for job ${job.id}`, error);
    },
    onSettled: (_data, error, { job, action }) => {
      // A deleted job must not be asked for again.
      const keys = action === 'delete' && !error ? ['list'] : ['list', 'one', 'detail'];
      for (const kind of keys) {
        void client.invalidateQueries({
          queryKey: kind === 'list' ? ['jobs', kind] : ['jobs', kind, job.id],
        });
      }
      void client.invalidateQueries({ queryKey: ['stats'] });
    },
  });
}

async function send({ job: { id }, action }: Request): Promise<Job | undefined> {
  const params = { params: { path: { id } } };
  switch (action) {
    case 'pause':
      return (await api.POST('/api/v1/backfill/{id}/pause', params)).data;
    case 'cancel':
      return (await api.POST('/api/v1/backfill/{id}/cancel', params)).data;
    case 'verify':
      return (await api.POST('/api/v1/backfill/{id}/verify', params)).data;
    case 'repair':
      return (await api.POST('/api/v1/backfill/{id}/repair', params)).data;
    case 'resume':
    case 'retry':
      return (await api.POST('/api/v1/backfill/{id}/resume', params)).data;
    case 'delete':
      await api.DELETE('/api/v1/backfill/{id}', params);
  }
}

function optimistic(action: JobAction) {
  const now = new Date().toISOString();
  return (job: Job) => (action === 'delete' ? null : expected(job, action, now));
}

/** Changes a job wherever it is shown, or takes it out of lists. Returns what was there before. */
function change(client: QueryClient, id: number, to: (job: Job) => Job | null): [QueryKey, unknown][] {
  const filters = { queryKey: ['jobs', 'list'] };
  const one = ['jobs', 'one', id];
  const before: [QueryKey, unknown][] = [...client.getQueriesData(filters), [one, client.getQueryData(one)]];
  client.setQueriesData<JobList>(filters, (list) => list && changeIn(list, id, to));
  client.setQueryData<Job>(one, (job) => (job && to(job)) ?? job);
  return before;
}

function changeIn(list: JobList, id: number, to: (job: Job) => Job | null): JobList {
  if (!list.items.some((job) => job.id === id)) return list;
  const items = list.items.flatMap((job) => (job.id === id ? (to(job) ?? []) : job));
  return { items, total: list.total - (list.items.length - items.length) };
}
