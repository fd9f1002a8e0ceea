import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
} from '@tanstack/react-router';
import { base } from './base';
import { AppShell } from './components/layout/AppShell';
import { NotFound, RouteError, RoutePending } from './components/layout/RouteStates';
import { parseJobsSearch } from './pages/jobs/search';
import { parsePipelineSearch } from './pages/pipelines/search';
import { parseSearch, positive, stringifySearch } from './search';

/** A record's number; an address with anything else is of no page. */
const id = {
  params: {
    parse: (params: { id: string }) => {
      const number = positive(params.id);
      if (!number) throw notFound();
      return { id: number };
    },
    stringify: (params: { id: number }) => ({ id: String(params.id) }),
  },
};

const root = createRootRoute({ component: AppShell, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/OverviewPage'), 'OverviewPage'),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: parseJobsSearch,
  component: lazyRouteComponent(() => import('./pages/jobs/JobsPage'), 'JobsPage'),
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$id',
  ...id,
  component: lazyRouteComponent(() => import('./pages/job/JobPage'), 'JobPage'),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: '/pipelines',
  component: lazyRouteComponent(() => import('./pages/pipelines/PipelinesPage'), 'PipelinesPage'),
});

const pipeline = createRoute({
  getParentRoute: () => root,
  path: '/pipelines/$id',
  ...id,
  validateSearch: parsePipelineSearch,
  component: lazyRouteComponent(() => import('./pages/pipelines/PipelinePage'), 'PipelinePage'),
});

const sources = createRoute({
  getParentRoute: () => root,
  path: '/sources',
  component: lazyRouteComponent(() => import('./pages/sources/SourcesPage'), 'SourcesPage'),
});

const destinations = createRoute({
  getParentRoute: () => root,
  path: '/destinations',
  component: lazyRouteComponent(() => import('./pages/destinations/DestinationsPage'), 'DestinationsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, jobs, job, pipelines, pipeline, sources, destinations]),
  basepath: base.pathname,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: RouteError,
  defaultPendingComponent: RoutePending,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
