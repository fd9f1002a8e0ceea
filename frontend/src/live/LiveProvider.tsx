import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { api } from '@/api/client';
import { base } from '@/base';
import { LiveCache } from './cache';
import { LiveConnection, type LiveState } from './connection';

const Connection = createContext<LiveConnection | null>(null);

/** Keeps every page up to date while it can be seen. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection] = useState(() => {
    const cache = new LiveCache(client);
    return new LiveConnection({
      open: () => new EventSource(new URL('api/v1/events', base)),
      onEvent: (name, data) => cache.apply(name, data),
      refresh: () => void client.invalidateQueries(),
      probe: () =>
        api.GET('/api/v1/stats').then(
          () => true,
          () => false,
        ),
    });
  });

  useEffect(() => {
    const follow = () => {
      if (document.hidden) connection.stop();
      else connection.start();
    };
    const returned = () => {
      follow();
      if (!document.hidden) void client.invalidateQueries();
    };
    follow();
    document.addEventListener('visibilitychange', returned);
    return () => {
      document.removeEventListener('visibilitychange', returned);
      connection.stop();
    };
  }, [client, connection]);

  return <Connection value={connection}>{children}</Connection>;
}

export function useLiveState(): LiveState {
  const connection = use(Connection);
  if (!connection) throw new Error('useLiveState needs a LiveProvider above it');
  return useSyncExternalStore(connection.subscribe, () => connection.state);
}
