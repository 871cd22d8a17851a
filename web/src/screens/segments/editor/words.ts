import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { useEventWords } from '../../../parts/events';
import { useFormats } from '../../../parts/format';
import type { Words } from '../grammar';

interface Named {
  id: string;
  name: string;
}

const LIMIT = 500;

export type NamedKind = 'segment' | 'list' | 'journey' | 'campaign' | 'template';

const lists: Record<NamedKind, { queryKey: readonly string[]; queryFn: () => Promise<Named[]> }> = {
  segment: { queryKey: ['segments', 'names'], queryFn: async () => (await call(api.GET('/api/v1/segments', { params: { query: { limit: LIMIT } } }))).items },
  list: { queryKey: ['segments', 'lists', 'names'], queryFn: async () => (await call(api.GET('/api/v1/lists'))).items },
  journey: { queryKey: ['journeys', 'names'], queryFn: async () => (await call(api.GET('/api/v1/journeys'))).items },
  campaign: { queryKey: ['campaigns', 'names'], queryFn: async () => (await call(api.GET('/api/v1/campaigns', { params: { query: { limit: LIMIT } } }))).items },
  template: { queryKey: ['templates', 'names'], queryFn: async () => (await call(api.GET('/api/v1/templates'))).items },
};

/** What there is of a kind, by id and name; asked for when `isWanted`. */
export function useNamed(kind: NamedKind, isWanted = true): Named[] {
  return useQuery({ ...lists[kind], enabled: isWanted, staleTime: 60_000 }).data ?? [];
}

/** Which kinds of things a definition names: nothing is asked for that no sentence needs. */
function mentions(text: string): Record<NamedKind, boolean> {
  const has = (key: string): boolean => text.includes(`"${key}":`);
  return { segment: has('segment'), list: has('list'), journey: has('journey'), campaign: has('campaign'), template: has('template') };
}

/** The words for the sentences about a definition. */
export function useWords(definition: unknown): Words {
  const { t, i18n } = useTranslation('conditions');
  const formats = useFormats();
  const { does } = useEventWords();
  const wanted = mentions(JSON.stringify(definition ?? null));
  const segments = useNamed('segment', wanted.segment);
  const onLists = useNamed('list', wanted.list);
  const journeys = useNamed('journey', wanted.journey);
  const campaigns = useNamed('campaign', wanted.campaign);
  const templates = useNamed('template', wanted.template);
  return useMemo(() => {
    const of = { segment: segments, list: onLists, journey: journeys, campaign: campaigns, template: templates };
    const money = new Intl.NumberFormat(formats.locale, { style: 'currency', currency: formats.currency, currencyDisplay: 'narrowSymbol', minimumFractionDigits: 0 });
    return {
      t: (key, values) => t(key, values ?? {}),
      // A colon or a dot in a name that a shop made would be read as a path.
      has: (key) => !key.includes(':') && i18n.exists(key, { ns: 'conditions' }),
      does,
      number: (value) => formats.number(value, 4),
      money: (value) => money.format(value),
      date: (value) => sayDate(value, formats.date, formats.dateTime),
      name: (kind, id) => of[kind].find((one) => one.id === id)?.name,
    };
  }, [t, i18n, formats, does, segments, onLists, journeys, campaigns, templates]);
}

/** A date without a time is the same date everywhere. */
function sayDate(value: string, date: (iso: string) => string, dateTime: (iso: string) => string): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (found) return `${found[3]}/${found[2]}/${found[1]}`;
  const said = /T/.test(value) ? dateTime(value) : date(value);
  return said || value;
}
