import { queryOptions, useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { api, call, refresh, type Schema } from '../../api';
import { useLive } from '../../api/live';
import { useWatch } from '../imports/useWatch';

export type LearnedKind = Schema<'LearnedKind'>;
export type ModelFit = Schema<'ModelFit'>;
export type Job = Schema<'JobView'>;

/** What is learned, in the order in which it is shown. */
export const KINDS = ['purchases', 'recommend', 'carts', 'hours', 'leads'] as const;
export type Kind = (typeof KINDS)[number];

export const modelsQuery = queryOptions({ queryKey: ['models'], queryFn: () => call(api.GET('/api/v1/models')) });

const UNDER_WAY = ['waiting', 'running', 'cancelling'];
export const isUnderWay = (job: Job | null | undefined): boolean => !!job && UNDER_WAY.includes(job.state);

/** How far a job is, from 0 to 1, and which kind it is at. */
export function progressOf(job: Job): { share: number; kind: Kind | null; outcomes: Record<string, string>; error: string | null } {
  const told = (job.progress ?? {}) as { share?: unknown; done?: unknown; outcomes?: unknown; error?: unknown };
  const kinds = (job.plan as { kinds?: unknown } | null)?.kinds;
  const done = typeof told.done === 'number' ? told.done : 0;
  const at = Array.isArray(kinds) ? (kinds as unknown[])[done] : null;
  return {
    share: typeof told.share === 'number' ? Math.min(1, Math.max(0, told.share)) : 0,
    kind: KINDS.find((one) => one === at) ?? null,
    outcomes: typeof told.outcomes === 'object' && told.outcomes !== null ? (told.outcomes as Record<string, string>) : {},
    error: typeof told.error === 'string' ? told.error : null,
  };
}

/** What is learned, asked again as long as something is being learned. */
export function useModels() {
  const query = useQuery(modelsQuery);
  const { refetch } = query;
  const isLearning = isUnderWay(query.data?.job);
  const again = useCallback(() => void refetch(), [refetch]);
  useWatch(isLearning, again);
  // Somebody else, or the night, may begin it.
  useLive('job', again);
  return { ...query, isLearning };
}

export function kindOf(items: LearnedKind[] | undefined, kind: Kind): LearnedKind {
  return items?.find((one) => one.kind === kind) ?? { kind, serving: null, refused: null };
}

export async function learn(kinds: Kind[] = []): Promise<void> {
  await call(api.POST('/api/v1/models/fit', { body: { kinds } }));
  await refresh('models', 'jobs');
}

export async function stopLearning(id: string): Promise<void> {
  await call(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } } }));
  await refresh('models', 'jobs');
}

/** The way to a new segment with this condition. */
export const segmentOf = (definition: Record<string, unknown>) => ({ to: '/segments/new' as string, search: { from: JSON.stringify(definition) } as never });
