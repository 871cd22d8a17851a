/**
 * The live connection: the server tells which topics have changed, and what is shown of them is asked for again.
 * A page in the background waits until it is looked at.
 */
import { useEffect, useSyncExternalStore } from 'react';
import { queries } from './index';

type Listener = (data: unknown) => void;

const listeners = new Map<string, Set<Listener>>();
const watchers = new Set<() => void>();
const waiting = new Set<string>();
let source: EventSource | null = null;
let connected: boolean | null = null;
let isWanted = false;
let retry: ReturnType<typeof setTimeout> | null = null;

const RETRY_MS = 5_000;
/** A browser keeps six connections to a server: windows that nobody looks at give theirs back after so long. */
const REST_MS = 60_000;
let isResting = false;
let rest: ReturnType<typeof setTimeout> | null = null;

function told(kind: string, data: unknown): void {
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

function setConnected(now: boolean | null): void {
  if (connected === now) return;
  connected = now;
  for (const watcher of watchers) watcher();
}

function heard(topics: string[]): void {
  for (const topic of topics) {
    if (document.visibilityState === 'visible') void queries.invalidateQueries({ queryKey: [topic], refetchType: 'active' });
    else waiting.add(topic);
    told(`topic:${topic}`, topic);
  }
}

function parsed(event: Event): unknown {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as unknown;
  } catch {
    return null;
  }
}

/** Begins to listen; once for each sign-in. */
export function connect(): void {
  if (isWanted) return;
  isWanted = true;
  open();
  document.addEventListener('visibilitychange', shown);
}

function open(): void {
  const opened = new EventSource('/api/v1/live');
  source = opened;
  opened.addEventListener('ready', () => {
    // What changed while nobody listened is not told again.
    if (connected === false || isResting) void queries.invalidateQueries({ refetchType: 'active' });
    isResting = false;
    setConnected(true);
  });
  opened.addEventListener('error', () => {
    if (source !== opened) return;
    setConnected(false);
    // A browser tries again by itself, unless the answer was no stream: the server restarts, or the session is over.
    if (opened.readyState === EventSource.CLOSED && isWanted) {
      void queries.invalidateQueries({ queryKey: ['session'] });
      retry ??= setTimeout(() => {
        retry = null;
        if (isWanted && source === opened) open();
      }, RETRY_MS);
    }
  });
  opened.addEventListener('changed', (event) => {
    const data = parsed(event) as { topics?: string[] } | null;
    if (Array.isArray(data?.topics)) heard(data.topics);
  });
  opened.addEventListener('job', (event) => told('job', parsed(event)));
}

export function disconnect(): void {
  isWanted = false;
  if (retry) clearTimeout(retry);
  retry = null;
  if (rest) clearTimeout(rest);
  rest = null;
  isResting = false;
  source?.close();
  source = null;
  connected = null;
  document.removeEventListener('visibilitychange', shown);
}

function shown(): void {
  if (document.visibilityState !== 'visible') {
    rest ??= setTimeout(() => {
      rest = null;
      isResting = true;
      source?.close();
      source = null;
      setConnected(null);
    }, REST_MS);
    return;
  }
  if (rest) clearTimeout(rest);
  rest = null;
  if (isResting && isWanted && !source) open();
  const topics = [...waiting];
  waiting.clear();
  for (const topic of topics) void queries.invalidateQueries({ queryKey: [topic], refetchType: 'active' });
}

/** Calls `then` whenever something of this topic has changed, or with each report about long work (`job`). */
export function useLive(topic: string, then: Listener): void {
  useEffect(() => {
    const kind = topic === 'job' ? 'job' : `topic:${topic}`;
    const set = listeners.get(kind) ?? new Set();
    listeners.set(kind, set);
    set.add(then);
    return () => void set.delete(then);
  }, [topic, then]);
}

/** `false` while the connection is lost; `null` before it was first made. */
export function useConnected(): boolean | null {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    () => connected,
  );
}
