/** The list of customers in blocks: each is asked for when it comes into sight, all of one snapshot of the list. */
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, call } from '../../api';
import { useLive } from '../../api/live';
import { asked, type Choice, type Person } from './model';

export const BLOCK = 100;

export function useGrid(choice: Choice, attributes: string[]) {
  const [round, setRound] = useState(0);
  const [isStale, setStale] = useState(false);
  const key = JSON.stringify([asked(choice), attributes]);
  const load = (offset: number, snapshot?: string, signal?: AbortSignal) =>
    call(api.POST('/api/v1/people/query', { body: { choice: asked(choice), attributes, offset, limit: BLOCK, ...(snapshot ? { snapshot } : {}) }, signal }));
  // No topic: a list that moves by itself under the eyes of its reader is of no use. It says that there is news.
  const first = useQuery({
    queryKey: ['customer-list', key, round],
    queryFn: ({ signal }) => load(0, undefined, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const snapshot = first.isPlaceholderData ? undefined : first.data?.snapshot;
  const [blocks, setBlocks] = useState<number[]>([]);
  const rest = useQueries({
    queries: blocks.filter((block) => block > 0).map((block) => ({
      queryKey: ['customer-list', key, round, snapshot, block],
      queryFn: ({ signal }: { signal: AbortSignal }) => load(block * BLOCK, snapshot, signal),
      enabled: snapshot !== undefined,
      staleTime: 5 * 60_000,
    })),
  });
  const rows = useMemo(() => {
    const known = new Map<number, Person>();
    for (const page of [first.data, ...rest.map((one) => one.data)]) for (const row of page?.items ?? []) known.set(row.index, row);
    return known;
  }, [first.data, rest]);
  const settle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const total = first.data?.total ?? 0;
  /** Rows from one to another are in sight. */
  const see = useCallback((from: number, to: number) => {
    clearTimeout(settle.current);
    // Nobody reads what flies past.
    settle.current = setTimeout(() => {
      const wanted: number[] = [];
      for (let block = Math.floor(from / BLOCK); block <= Math.floor(Math.max(from, to) / BLOCK); block += 1) wanted.push(block);
      setBlocks((before) => (before.join() === wanted.join() ? before : wanted));
    }, 40);
  }, []);
  useEffect(() => () => clearTimeout(settle.current), []);
  useEffect(() => setStale(false), [key, round]);
  useLive('people', useCallback(() => setStale(true), []));
  return {
    rows, total, see, isStale, snapshot,
    everybody: first.data?.everybody ?? 0,
    currency: first.data?.currency,
    asOf: first.data?.as_of,
    isPending: first.isPending,
    isChanging: first.isPlaceholderData,
    error: first.error,
    again: useCallback(() => setRound((before) => before + 1), []),
  };
}
