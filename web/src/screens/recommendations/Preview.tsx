/** What a place would show to somebody, as it is being written. */
import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSparkles } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Panel } from '../../parts/Panel';
import { ProfilePicker } from '../../parts/pickers';
import { StatusBadge } from '../../parts/StatusBadge';
import { Items } from './Items';
import { type Draft, needsProducts, toldOf } from './model';
import { ProductPicker } from './ProductPicker';

const LEFT_OUT = ['hidden', 'out_of_stock', 'margin', 'category', 'incomplete'] as const;

export function Preview({ draft }: { draft: Draft }) {
  const { t } = useTranslation('recommendations');
  const [profile, setProfile] = useState<string | null>(null);
  const [products, setProducts] = useState<string[]>([]);
  const [asked] = useDebouncedValue(JSON.stringify({ place: toldOf(draft), profile, products }), 400);
  const query = useQuery({
    queryKey: ['recommendations', 'preview', asked], placeholderData: keepPreviousData, retry: false,
    queryFn: () => call(api.POST('/api/v1/recommendations/preview', { body: JSON.parse(asked) as never })),
  });
  const told = query.data;
  const starts = [draft.rail, ...draft.fall_back].some(needsProducts);
  return (
    <Panel title={t('preview.title')} text={t('preview.text')} actions={told?.is_personal ? <StatusBadge tone="good">{t('preview.personal')}</StatusBadge> : undefined}>
      <Stack gap="sm">
        <ProfilePicker label={t('preview.customer')} placeholder={t('preview.stranger')} value={profile} onChange={setProfile} clearable />
        {starts && <ProductPicker label={t('preview.products')} description={t('preview.productsText')} value={products} onChange={setProducts} max={5} />}
        {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !told ? <Skeleton h={220} radius="md" /> : told.items.length === 0 ? (
          <EmptyState isSmall Icon={IconSparkles} title={t('preview.none')} text={t(told.products === 0 ? 'preview.noProducts' : 'preview.noneText')} />
        ) : <div aria-live="polite" data-preview><Items items={told.items} /></div>}
        {told && told.products > 0 && (
          <Group gap={6}>
            <Text size="xs" c="dimmed">{t('preview.of', { count: told.products })}</Text>
            {LEFT_OUT.map((why) => ({ why, count: told.left_out[why] ?? 0 })).filter((one) => one.count > 0).map(({ why, count }) => <Text key={why} size="xs" c="dimmed">· {t(`leftOut.${why}`, { count })}</Text>)}
          </Group>
        )}
      </Stack>
    </Panel>
  );
}
