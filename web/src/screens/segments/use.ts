import { useQuery } from '@tanstack/react-query';
import { api, call, refresh, type Schema } from '../../api';

export type Segment = Schema<'SegmentView'>;
export type Preview = Schema<'PreviewView'>;
export type GrowthDay = Schema<'GrowthDay'>;

const HALF_A_SECOND = 700;

export const segmentQuery = (id: string) => ({
  queryKey: ['segments', id] as const,
  queryFn: () => call(api.GET('/api/v1/segments/{id}', { params: { path: { id } } })),
});

/** A segment; asked for again while it is computed. */
export function useSegment(id: string) {
  return useQuery({ ...segmentQuery(id), enabled: id !== '', refetchInterval: (query) => (query.state.data?.state === 'computing' ? HALF_A_SECOND : false) });
}

/** How segments grew, by their ids. */
export function useGrowth(ids: string[], days = 30) {
  const query = useQuery({
    queryKey: ['segments', 'growth', ids.join(','), days],
    queryFn: () => call(api.GET('/api/v1/segments/growth', { params: { query: { ids: ids.join(','), days } } })),
    enabled: ids.length > 0,
    staleTime: 60_000,
  });
  return { ...query, of: (id: string): GrowthDay[] | undefined => query.data?.items.find((one) => one.id === id)?.days };
}

export async function archive(id: string): Promise<void> {
  await call(api.DELETE('/api/v1/segments/{id}', { params: { path: { id } } }));
  await refresh('segments');
}

export async function restore(id: string): Promise<void> {
  await call(api.POST('/api/v1/segments/{id}/restore', { params: { path: { id } } }));
  await refresh('segments');
}

/** An exact count with some of the people and where they can be reached, however long it takes. */
export async function countExactly(definition: Record<string, unknown>, signal: AbortSignal, onProgress?: (share: number) => void): Promise<Preview> {
  let told = await call(api.POST('/api/v1/segments/preview', { body: { definition: definition as never, exact: true, people: true }, signal }));
  while (told.count === null || told.count === undefined) {
    const id = told.preview_id;
    if (!id) break;
    if (signal.aborted) {
      void api.DELETE('/api/v1/segments/preview/{id}', { params: { path: { id } } });
      throw new DOMException('', 'AbortError');
    }
    onProgress?.(told.progress ?? 0);
    await new Promise((resolve) => setTimeout(resolve, HALF_A_SECOND));
    told = await call(api.GET('/api/v1/segments/preview/{id}', { params: { path: { id } }, signal }));
  }
  return told;
}
