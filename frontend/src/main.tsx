import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ProblemError } from './api/problem';
import { ToastProvider } from './components/ui/Toast';
import { LiveProvider } from './live/LiveProvider';
import { router } from './router';
import './styles.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream, or the poll in its place, says when something is out of date.
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // Without a network the API may still be there: on this machine.
      networkMode: 'always',
      retry: (failures, error) => failures < 2 && error instanceof ProblemError && error.isUnreachable,
    },
    mutations: { networkMode: 'always' },
  },
});

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');

createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LiveProvider>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
);
