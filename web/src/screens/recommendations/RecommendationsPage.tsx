/** Where the shop recommends products, and what holds everywhere. */
import { Anchor, Button, Card, Code, Group, NumberInput, SimpleGrid, Skeleton, Stack, Switch, TagsInput, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPackageImport, IconPlus, IconSparkles } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { SaveBar } from '../settings/SaveBar';
import { type Place, placesQuery, railOf, type Settings, settingsQuery, USUAL } from './model';
import { ProductPicker } from './ProductPicker';
import { useCategories } from './RulesFields';

export default function RecommendationsPage() {
  const { t } = useTranslation('recommendations');
  const may = useMay('setup.change');
  const places = useQuery(placesQuery);
  const products = useQuery({ queryKey: ['products', 'any'], queryFn: () => call(api.GET('/api/v1/products', { params: { query: { limit: 1 } } })) });
  const isEmpty = products.data?.items.length === 0;
  return (
    <Page title={t('title')} text={t('text')} actions={may && !isEmpty ? <Button component={Link} to="/recommendations/new" leftSection={<IconPlus size={16} aria-hidden />}>{t('newPlace')}</Button> : undefined}>
      {isEmpty && (
        <Panel>
          <EmptyState Icon={IconPackageImport} title={t('empty.title')} text={t('empty.text')} action={<Button component={Link} to="/imports/new">{t('empty.action')}</Button>} />
        </Panel>
      )}
      {places.error && !places.data ? <ErrorNote error={places.error} retry={() => void places.refetch()} /> : !places.data ? <Skeleton h={220} radius="lg" /> : places.data.items.length === 0 ? (
        <Panel><EmptyState Icon={IconSparkles} title={t('noPlaces')} text={t('noPlacesText')} /></Panel>
      ) : <SimpleGrid cols={{ base: 1, sm: 2 }}>{places.data.items.map((place) => <PlaceCard key={place.id} place={place} />)}</SimpleGrid>}
      <Everywhere />
    </Page>
  );
}

function PlaceCard({ place }: { place: Place }) {
  const { t } = useTranslation('recommendations');
  const usual = USUAL.find((one) => one === place.id);
  return (
    <Card padding="lg" component="article">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Anchor component={Link} to={`/recommendations/${place.id}`} fw={600}>{place.name || (usual ? t(`place.${usual}`) : place.id)}</Anchor>
        <Code>{place.id}</Code>
      </Group>
      <Text size="sm" mt={6}>{t(`rail.${railOf(place.rail)}`)}</Text>
      {place.fall_back.length > 0 && <Text size="xs" c="dimmed" mt={2}>{t('then', { rails: place.fall_back.map((rail) => t(`rail.${railOf(rail)}`)).join(', ') })}</Text>}
      <Text size="xs" c="dimmed" mt={6}>{t('shows', { count: place.limit })}{place.pins.length > 0 && ` · ${t('pinned_many', { count: place.pins.length })}`}</Text>
    </Card>
  );
}

function Everywhere() {
  const query = useQuery(settingsQuery);
  if (query.error && !query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton h={260} radius="lg" />;
  return <EverywhereForm settings={query.data} />;
}

function EverywhereForm({ settings }: { settings: Settings }) {
  const { t } = useTranslation('recommendations');
  const may = useMay('setup.change');
  const categories = useCategories();
  const form = useForm<Settings>({ initialValues: settings });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = JSON.stringify(settings);
  useEffect(() => {
    const told = JSON.parse(held) as Settings;
    setInitialValues(told);
    setValues(told);
    resetDirty(told);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const save = useMutation({
    mutationFn: (body: Settings) => call(api.PUT('/api/v1/recommendations/rules', { body })),
    onSuccess: async () => {
      await refresh('recommendations');
      notify.done(t('saved'));
    },
    onError: notify.failed,
  });
  const { occasions } = form.values;
  const set = (some: Partial<Settings['occasions']>) => form.setFieldValue('occasions', { ...occasions, ...some });
  return (
    <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
      <Stack gap="lg">
        {!may && <Note tone="calm">{t('readOnly')}</Note>}
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Panel title={t('everywhere')} text={t('everywhereText')}>
            <Stack>
              <ProductPicker label={t('hidden')} max={2000} disabled={!may} value={form.values.hidden} onChange={(hidden) => form.setFieldValue('hidden', hidden)} />
              <TagsInput label={t('hiddenCategories')} data={categories} disabled={!may} value={form.values.hidden_categories} onChange={(told) => form.setFieldValue('hidden_categories', told)} />
            </Stack>
          </Panel>
          <Panel title={t('occasions.title')} text={t('occasions.text')}>
            <Stack>
              <Switch label={t('occasions.back')} checked={occasions.back_in_stock} onChange={(event) => set({ back_in_stock: event.currentTarget.checked })} disabled={!may} />
              <Switch label={t('occasions.drop')} checked={occasions.price_dropped} onChange={(event) => set({ price_dropped: event.currentTarget.checked })} disabled={!may} />
              <NumberInput label={t('occasions.window')} min={1} max={365} value={occasions.window_days} onChange={(told) => set({ window_days: Number(told) || 1 })} disabled={!may} />
              <NumberInput label={t('occasions.least')} min={1} max={99} suffix=" %" value={occasions.min_drop} onChange={(told) => set({ min_drop: Number(told) || 1 })} disabled={!may} />
              <NumberInput label={t('occasions.perDay')} description={t('occasions.perDayText')} min={0} max={5} value={occasions.per_day ?? 1} onChange={(told) => set({ per_day: Number(told) || 0 })} disabled={!may} />
              <NumberInput label={t('occasions.products')} min={1} max={12} value={occasions.products ?? 6} onChange={(told) => set({ products: Number(told) || 1 })} disabled={!may} />
            </Stack>
          </Panel>
        </SimpleGrid>
        <SaveBar isDirty={form.isDirty()} isSaving={save.isPending} drop={() => form.reset()} />
      </Stack>
    </form>
  );
}
