/** Whether the shop has what a scenario lives on. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, call, type Schema } from '../../../api';
import { useMay } from '../../../app/session';

export interface Need {
  kind: 'event' | 'attribute' | 'consent';
  name: string;
  /** `null`: not known. */
  isThere: boolean | null;
}

const BUILT_IN = /^(consents\.|orders\.|cart|email$|phone$|name$|created_at$)/;

export function useNeeds(): (needs: Schema<'NeedsView'>) => Need[] {
  const mayRead = useMay('people.read');
  const events = useQuery({ queryKey: ['catalog', 'events'], queryFn: () => call(api.GET('/api/v1/catalog/events', { params: { query: { limit: 200 } } })), staleTime: 60_000 });
  const attributes = useQuery({ queryKey: ['catalog', 'attributes'], queryFn: () => call(api.GET('/api/v1/catalog/attributes')), enabled: mayRead, staleTime: 60_000 });
  return useMemo(() => {
    const has = events.data && new Set(events.data.items.map((one) => one.name));
    const fields = attributes.data && new Set(attributes.data.items.map((one) => one.name));
    return (needs) => [
      ...needs.events.map((name): Need => ({ kind: 'event', name, isThere: has ? has.has(name) : null })),
      ...needs.attributes.filter((name) => !name.startsWith('consents.')).map((name): Need => ({ kind: 'attribute', name, isThere: BUILT_IN.test(name) ? true : fields ? fields.has(name) : null })),
    ];
  }, [events.data, attributes.data]);
}
