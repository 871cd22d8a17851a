import { useCallback, useEffect, useRef } from 'react';
import { queries } from '../../api';
import { useLive } from '../../api/live';

/** Asks again for what a page sums up, at most so often, when the server says that something of it has changed. */
export function useNews(key: readonly unknown[], waitMs: number) {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const name = JSON.stringify(key);
  const tell = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: JSON.parse(name) as unknown[] });
    }, waitMs);
  }, [name, waitMs]);
  useEffect(() => () => {
    if (timer.current) clearTimeout(timer.current);
    timer.current = null;
  }, []);
  useLive('events', tell);
  useLive('people', tell);
  useLive('messages', tell);
  useLive('journeys', tell);
  useLive('campaigns', tell);
  useLive('segments', tell);
  useLive('jobs', tell);
  useLive('settings', tell);
}
