/** On the page of a customer: what the shop would recommend them. */
import { SegmentedControl, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { Panel } from '../../parts/Panel';
import { Items } from './Items';

const SHOWN = ['for_you', 'buy_again', 'recently_viewed'] as const;

export function Suggested({ profile }: { profile: string }) {
  const { t } = useTranslation('recommendations');
  const [rail, setRail] = useState<(typeof SHOWN)[number]>('for_you');
  const query = useQuery({
    queryKey: ['people', profile, 'recommendations', rail],
    queryFn: () => call(api.GET('/api/v1/recommendations', { params: { query: { rail, profile, limit: 4 } } })),
  });
  return (
    <Panel title={t('person.title')} data-suggested>
      <SegmentedControl fullWidth size="xs" mb="sm" aria-label={t('person.which')} data={SHOWN.map((value) => ({ value, label: t(`rail.${value}`) }))} value={rail} onChange={(value) => setRail(value as typeof rail)} />
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !query.data ? <Skeleton h={140} radius="md" /> : query.data.items.length === 0 ? <Text size="sm" c="dimmed">{t(`person.none.${rail}`)}</Text> : <Items items={query.data.items} isNarrow />}
    </Panel>
  );
}
