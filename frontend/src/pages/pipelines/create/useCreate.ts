import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, dataOf } from '@/api/client';
import type { BackfillRequest, Pipeline } from '@/api/types';
import { useToast } from '@/components/ui/Toast';
import { campaignOf, type WindowsDraft } from './windows';

interface Creation {
  request: BackfillRequest;
  windows: WindowsDraft;
}

/** Creates a job, or a campaign of jobs, and says so. */
export function useCreate(pipeline: Pipeline, onCreated: () => void) {
  const client = useQueryClient();
  const toast = useToast();
  const params = { path: { id: pipeline.id } };
  return useMutation({
    mutationFn: async ({ request, windows }: Creation): Promise<string> => {
      if (windows.isOn) {
        const body = campaignOf(request, windows);
        const campaign = await dataOf(api.POST('/api/v1/pipelines/{id}/campaigns', { params, body }));
        return `Campaign ${campaign.name} is queued`;
      }
      const job = await dataOf(api.POST('/api/v1/pipelines/{id}/backfill', { params, body: request }));
      return `Job ${job.id} is queued`;
    },
    onSuccess: (title, { request }) => {
      void client.invalidateQueries({ queryKey: ['jobs', 'list'] });
      void client.invalidateQueries({ queryKey: ['stats'] });
      toast.success(title, request.table_name);
      onCreated();
    },
  });
}
