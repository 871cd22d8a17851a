/** The names of what a journey points at. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, call } from '../../../api';

export interface Directory {
  template: (named: string) => string;
  segment: (id: string) => string;
  journey: (id: string) => string;
}

const stale = { staleTime: 60_000 };

export const templatesQuery = {
  queryKey: ['templates', 'all'], queryFn: () => call(api.GET('/api/v1/templates')), ...stale,
};
export const contactsQuery = {
  queryKey: ['settings', 'contacts', 'names'], queryFn: async () => (await call(api.GET('/api/v1/staff-contacts'))).items.map((one) => one.name), retry: false, ...stale,
};
export const segmentsQuery = {
  queryKey: ['segments', 'all'], queryFn: () => call(api.GET('/api/v1/segments')), ...stale,
};
export const journeysQuery = {
  queryKey: ['journeys', 'all'], queryFn: () => call(api.GET('/api/v1/journeys')), ...stale,
};
export const listsQuery = {
  queryKey: ['lists', 'all'], queryFn: () => call(api.GET('/api/v1/lists')), ...stale,
};

export function useDirectory(): Directory {
  const templates = useQuery(templatesQuery).data;
  const segments = useQuery(segmentsQuery).data;
  const journeys = useQuery(journeysQuery).data;
  return useMemo(() => {
    const named = (items: { id: string; name: string }[] | undefined): ((id: string) => string) => {
      const names = new Map(items?.map((one) => [one.id, one.name]));
      return (id) => names.get(id) ?? id;
    };
    return { template: named(templates?.items), segment: named(segments?.items), journey: named(journeys?.items) };
  }, [templates, segments, journeys]);
}
