/** What there is to choose from, from samples of the shop's data. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, call, type Schema } from '../../../api';

export type CatalogEvent = Schema<'CatalogEvent'>;
export type CatalogField = Schema<'CatalogField'>;
export type CatalogValue = Schema<'CatalogValue'>;

const MINUTE = 60_000;

export function useEvents(): { items: CatalogEvent[]; isLoading: boolean } {
  const query = useQuery({
    queryKey: ['catalog', 'events'],
    queryFn: () => call(api.GET('/api/v1/catalog/events', { params: { query: { limit: 500 } } })),
    staleTime: MINUTE,
  });
  return { items: query.data?.items ?? [], isLoading: query.isPending };
}

export function useProperties(event: string): { items: CatalogField[]; isLoading: boolean } {
  const query = useQuery({
    queryKey: ['catalog', 'properties', event],
    queryFn: () => call(api.GET('/api/v1/catalog/properties', { params: { query: { event } } })),
    enabled: event !== '',
    staleTime: MINUTE,
  });
  return { items: query.data?.items ?? [], isLoading: query.isPending && event !== '' };
}

export function useAttributes(): { items: CatalogField[]; isLoading: boolean } {
  const query = useQuery({
    queryKey: ['catalog', 'attributes'],
    queryFn: () => call(api.GET('/api/v1/catalog/attributes')),
    staleTime: MINUTE,
  });
  return { items: query.data?.items ?? [], isLoading: query.isPending };
}

export function useTags(): { items: CatalogValue[]; isLoading: boolean } {
  const query = useQuery({ queryKey: ['catalog', 'tags'], queryFn: () => call(api.GET('/api/v1/catalog/tags')), staleTime: MINUTE });
  return { items: query.data?.items ?? [], isLoading: query.isPending };
}

/** Where values are looked for. */
export interface ValuesOf {
  of: 'event' | 'attribute' | 'order' | 'line' | 'product';
  event?: string | undefined;
  name: string;
}

export function useValues(of: ValuesOf | undefined, search = ''): { items: CatalogValue[]; isLoading: boolean } {
  const query = useQuery({
    queryKey: ['catalog', 'values', of, search],
    queryFn: () => {
      const asked = of ?? { of: 'attribute', name: '' };
      const more = { ...(asked.event ? { event: asked.event } : {}), ...(search ? { search } : {}) };
      return call(api.GET('/api/v1/catalog/values', { params: { query: { of: asked.of, name: asked.name, limit: 50, ...more } } }));
    },
    enabled: of !== undefined && of.name !== '',
    placeholderData: keepPreviousData,
    staleTime: MINUTE,
  });
  return { items: query.data?.items ?? [], isLoading: query.isFetching };
}
