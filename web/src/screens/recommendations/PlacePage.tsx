/** One place: what it shows, by which rules, and how that looks to a customer. */
import { Button, Code, MultiSelect, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { NotFound } from '../../parts/NotFound';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { SegmentPicker } from '../../parts/pickers';
import { SaveBar } from '../settings/SaveBar';
import { type Draft, draftOf, idOf, type Place, placesQuery, RAILS, toldOf, USUAL } from './model';
import { Preview } from './Preview';
import { ProductPicker } from './ProductPicker';
import css from './recommendations.module.css';
import { RulesFields } from './RulesFields';

export default function PlacePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(placesQuery);
  if (query.error && !query.data) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <PageSkeleton />;
  const place = query.data.items.find((one) => one.id === id);
  if (!place && id !== 'new') return <NotFound />;
  return <Form key={id} place={place} version={query.data.version} taken={query.data.items.map((one) => one.id)} />;
}

function Form({ place, version, taken }: { place: Place | undefined; version: number; taken: string[] }) {
  const { t } = useTranslation(['recommendations', 'common']);
  const may = useMay('setup.change');
  const go = useNavigate();
  const form = useForm<Draft>({ initialValues: draftOf(place) });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = JSON.stringify(draftOf(place));
  useEffect(() => {
    const draft = JSON.parse(held) as Draft;
    setInitialValues(draft);
    setValues(draft);
    resetDirty(draft);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const draft = form.values;
  const usual = USUAL.find((one) => one === place?.id);
  const title = place ? place.name || (usual ? t(`place.${usual}`) : place.id) : t('newPlace');
  const id = place?.id ?? idOf(draft.name);
  const isTaken = !place && taken.includes(id);
  const save = useMutation({
    mutationFn: () => call(api.PUT('/api/v1/recommendations/places/{id}', { params: { path: { id } }, body: { ...toldOf(draft), version } })),
    onSuccess: async () => {
      resetDirty(form.values);
      await refresh('recommendations');
      notify.done(t('saved'));
      if (!place) await go({ to: `/recommendations/${id}` });
    },
    onError: notify.failed,
  });
  const remove = async () => {
    if (!(await confirm({ title: t('remove.title', { name: title }), text: t('remove.text'), deed: t('common:delete'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/recommendations/places/{id}', { params: { path: { id } } }));
      await refresh('recommendations');
      await go({ to: '/recommendations' });
    } catch (error) {
      notify.failed(error);
    }
  };
  const rails = RAILS.map((value) => ({ value, label: t(`rail.${value}`) }));
  const inSegment = draft.rail === 'popular_in_segment' || draft.fall_back.includes('popular_in_segment');
  return (
    <Page
      title={title} above={[{ title: t('title'), to: '/recommendations' }]} text={place ? <>{t('idIs')} <Code>{place.id}</Code></> : t('newText')}
      actions={place && may ? <Button variant="default" color="red" onClick={() => void remove()}>{t('common:delete')}</Button> : undefined}
    >
      <form onSubmit={form.onSubmit(() => { if (id && !isTaken) save.mutate(); })}>
        <div className={css.columns}>
          <Stack gap="lg">
            {!may && <Note tone="calm">{t('readOnly')}</Note>}
            <Panel title={t('what')}>
              <Stack>
                <TextInput
                  label={t('name')} required={!place} maxLength={100} placeholder={usual ? t(`place.${usual}`) : t('nameLike')} disabled={!may} {...form.getInputProps('name')}
                  error={isTaken ? t('taken') : undefined} description={!place && id ? t('idWill', { id }) : undefined}
                />
                <Select label={t('railLabel')} description={t(`railText.${RAILS.find((one) => one === draft.rail) ?? 'popular'}`)} allowDeselect={false} data={rails} disabled={!may} {...form.getInputProps('rail')} />
                <MultiSelect label={t('fallBack')} description={t('fallBackText')} data={rails.filter((one) => one.value !== draft.rail)} maxValues={5} hidePickedOptions disabled={!may} {...form.getInputProps('fall_back')} />
                {inSegment && <SegmentPicker label={t('segment')} required disabled={!may} {...form.getInputProps('segment')} />}
                <NumberInput label={t('limit')} min={1} max={50} disabled={!may} value={draft.limit} onChange={(told) => form.setFieldValue('limit', Math.max(1, Number(told) || 1))} />
              </Stack>
            </Panel>
            <Panel title={t('pins')} text={t('pinsText')}>
              <ProductPicker
                aria-label={t('pins')} max={20} disabled={!may} value={draft.pins.map((pin) => pin.product_id)}
                onChange={(ids) => form.setFieldValue('pins', ids.map((product_id) => draft.pins.find((pin) => pin.product_id === product_id) ?? { product_id }))}
              />
              {draft.pins.some((pin) => pin.from || pin.until) && <Text size="xs" c="dimmed" mt={6}>{t('pinsTimed')}</Text>}
            </Panel>
            <Panel title={t('rulesTitle')}><RulesFields rules={draft.rules} set={(some) => form.setFieldValue('rules', { ...draft.rules, ...some })} disabled={!may} /></Panel>
          </Stack>
          <div className={css.side}><Preview draft={draft} /></div>
        </div>
        <SaveBar isDirty={form.isDirty()} isSaving={save.isPending} drop={() => form.reset()} />
      </form>
    </Page>
  );
}
