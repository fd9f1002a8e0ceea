import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { Database, HardDriveDownload, House, ListChecks, Workflow, type LucideIcon } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { LiveIndicator } from './LiveIndicator';
import { OfflineBanner } from './OfflineBanner';
import { ThemeMenu } from './ThemeMenu';

const PLACES = [
  { to: '/', label: 'Overview', icon: House },
  { to: '/jobs', label: 'Jobs', icon: ListChecks },
  { to: '/pipelines', label: 'Pipelines', icon: Workflow },
  { to: '/sources', label: 'Sources', icon: Database },
  { to: '/destinations', label: 'Destinations', icon: HardDriveDownload },
] as const satisfies { to: string; label: string; icon: LucideIcon }[];

/** Navigation at the side of a wide screen, at the bottom of a narrow one, and the page. */
export function AppShell() {
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[14rem_minmax(0,1fr)]">
      <a
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // <base href> would make the link lead elsewhere
          document.getElementById('main')?.focus();
        }}
        className="fixed top-2 left-2 z-60 -translate-y-20 rounded-lg bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
      >
        Skip to content
      </a>
      <Side />
      <div className="flex min-w-0 flex-col">
        <Top />
        <OfflineBanner />
        <Main />
      </div>
      <Bottom />
    </div>
  );
}

function Brand() {
  return (
    <Link
      to="/"
      className="flex items-center gap-2.5 rounded-lg text-[0.9375rem] font-semibold tracking-tight"
    >
      <img src="./favicon.svg" alt="" width={24} height={24} />
      Backfill
    </Link>
  );
}

function Side() {
  return (
    <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-surface px-3 py-4 lg:flex">
      <div className="px-2 pb-5">
        <Brand />
      </div>
      <nav aria-label="Main" className="flex flex-col gap-0.5">
        {PLACES.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === '/', includeSearch: false }}
            className="flex h-9 items-center gap-3 rounded-lg px-2.5 text-sm font-medium text-muted transition-colors hover:bg-hover hover:text-text"
            activeProps={{ className: 'bg-accent-soft !text-accent-text' }}
          >
            <Icon aria-hidden className="size-4" />
            {label}
          </Link>
        ))}
      </nav>
      <div className="mt-auto flex items-center justify-between px-2">
        <LiveIndicator />
        <ThemeMenu />
      </div>
    </aside>
  );
}

function Top() {
  return (
    <header className="sticky top-0 z-30 flex h-13 items-center justify-between border-b border-line bg-surface px-4 lg:hidden">
      <Brand />
      <div className="flex items-center gap-2">
        <LiveIndicator />
        <ThemeMenu />
      </div>
    </header>
  );
}

function Bottom() {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-5 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      {PLACES.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === '/', includeSearch: false }}
          className="flex h-14 flex-col items-center justify-center gap-1 text-2xs font-medium text-muted -outline-offset-2"
          activeProps={{ className: '!text-accent-text' }}
        >
          <Icon aria-hidden className="size-5" />
          {label}
        </Link>
      ))}
    </nav>
  );
}

function Main() {
  const main = useRef<HTMLElement>(null);
  const path = useLocation({ select: ({ pathname }) => pathname });
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    // Keyboards and screen readers begin with the new page.
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <main
      ref={main}
      id="main"
      tabIndex={-1}
      className="mx-auto w-full max-w-[90rem] flex-1 px-4 pt-5 pb-24 outline-none sm:px-6 lg:px-8 lg:pt-7 lg:pb-12"
    >
      <Outlet />
    </main>
  );
}
