/** What predictions need to know of the shop: margin, discount rate, and when customers are won back. */
import { Anchor, NumberInput, SimpleGrid, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { minorDigits, useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { type Forecasting, forecastOf, USUAL } from '../predictions/forecasting';
import { Frame } from './Frame';
import { SaveBar } from './SaveBar';
import { useChange, useSettings } from './settings';

type Values = Record<keyof Forecasting, number | string>;

export default function ForecastPage() {
  const { t } = useTranslation(['predictions', 'settings']);
  const formats = useFormats();
  const { settings, error, retry } = useSettings();
  const change = useChange();
  const may = useMay('workspace.manage');
  const percent = (told: number | string) => (told !== '' && Number(told) >= 0 && Number(told) <= 100 ? null : t('settings.wrong.percent'));
  const days = (told: number | string) => (Number(told) >= 1 && Number(told) <= 3_650 ? null : t('settings.wrong.days'));
  const form = useForm<Values>({
    initialValues: { ...USUAL },
    validate: {
      margin_percent: percent, discount_percent: percent, win_back_waste_percent: percent, win_back_days_min: days,
      win_back_days_max: (told, values) => days(told) ?? (Number(told) >= Number(values.win_back_days_min) ? null : t('settings.wrong.order')),
    },
  });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = settings ? JSON.stringify(forecastOf(settings)) : '';
  useEffect(() => {
    if (!held) return;
    const values = JSON.parse(held) as Forecasting;
    setInitialValues(values);
    setValues(values);
    resetDirty(values);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const save = form.onSubmit(async (told) => {
    try {
      const forecast = Object.fromEntries(Object.entries(told).map(([name, value]) => [name, Number(value)])) as unknown as Forecasting;
      await change.mutateAsync({ forecast });
      form.resetDirty(told);
      notify.done(t('settings.saved'));
    } catch (failed) {
      notify.failed(failed);
    }
  });
  const separators = formats.locale === 'vi-VN' ? { thousandSeparator: '.', decimalSeparator: ',' } : { thousandSeparator: ',', decimalSeparator: '.' };
  const share = { min: 0, max: 100, suffix: '%', decimalScale: 2, ...separators };
  const span = { min: 1, max: 3_650, suffix: t('settings.days'), decimalScale: 0, ...separators };
  const spend = (formats.currency === 'VND' ? 1_000_000 : 1_000) * 10 ** minorDigits(formats.currency);
  // Half of a year's spend comes in the first half of it: on average it is discounted by half a year.
  const worth = (spend * (Number(form.values.margin_percent) / 100)) / Math.sqrt(1 + Number(form.values.discount_percent) / 100);
  return (
    <Frame at="forecast" text={t('settings.text')}>
      {error ? <ErrorNote error={error} retry={retry} /> : !settings ? <PageSkeleton /> : (
        <form onSubmit={save}>
          <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
            <Stack gap="lg">
              {!may && <Note tone="calm">{t('settings:readOnly')}</Note>}
              <Panel title={t('settings.worth')} text={t('settings.worthText')}>
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <NumberInput label={t('settings.margin')} description={t('settings.marginText')} {...share} {...form.getInputProps('margin_percent')} />
                  <NumberInput label={t('settings.discount')} description={t('settings.discountText')} {...share} {...form.getInputProps('discount_percent')} />
                </SimpleGrid>
                {Number.isFinite(worth) && <Text size="sm" mt="md" data-worth>{t('settings.example', { spend: formats.money(spend), worth: formats.money(Math.round(worth)) })}</Text>}
              </Panel>
              <Panel title={t('settings.winBack')} text={t('settings.winBackText')}>
                <Stack>
                  <NumberInput label={t('settings.waste')} description={t('settings.wasteText')} maw={560} {...share} {...form.getInputProps('win_back_waste_percent')} />
                  <SimpleGrid cols={{ base: 1, sm: 2 }}>
                    <NumberInput label={t('settings.min')} description={t('settings.minText')} {...span} {...form.getInputProps('win_back_days_min')} />
                    <NumberInput label={t('settings.max')} description={t('settings.maxText')} {...span} {...form.getInputProps('win_back_days_max')} />
                  </SimpleGrid>
                  <Anchor component={Link} to={'/predictions/purchases' as string} size="sm">{t('settings.wasteSee')}</Anchor>
                </Stack>
              </Panel>
              <SaveBar isDirty={may && form.isDirty()} isSaving={change.isPending} drop={() => form.reset()} />
            </Stack>
          </fieldset>
        </form>
      )}
    </Frame>
  );
}
