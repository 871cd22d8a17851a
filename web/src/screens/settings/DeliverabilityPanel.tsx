/** When addresses are let alone: mailboxes that are full again and again, and people who never look. */
import { Button, Group, NumberInput, SimpleGrid, Stack, Switch } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api';
import { useMay } from '../../app/session';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { type Settings, useChange, useSettings } from './settings';

const START = { messages: 10, days: 180 };

const valuesOf = ({ deliverability }: Settings) => ({
  bounces: deliverability.soft_bounces as number | string, bounceDays: deliverability.soft_bounce_days as number | string,
  sunset: !!deliverability.sunset, messages: (deliverability.sunset?.messages ?? START.messages) as number | string, days: (deliverability.sunset?.days ?? START.days) as number | string,
});

const within = (told: number | string, from: number, to: number) => told !== '' && Number(told) >= from && Number(told) <= to;

export function DeliverabilityPanel() {
  const { t } = useTranslation('settings');
  const { settings } = useSettings();
  const change = useChange();
  const may = useMay('workspace.manage');
  const form = useForm({
    initialValues: { bounces: 5 as number | string, bounceDays: 3 as number | string, sunset: false, ...START as { messages: number | string; days: number | string } },
    validate: {
      bounces: (told) => (within(told, 2, 50) ? null : t('quiet.wrong', { from: 2, to: 50 })),
      bounceDays: (told) => (within(told, 0, 60) ? null : t('quiet.wrong', { from: 0, to: 60 })),
      messages: (told, all) => (!all.sunset || within(told, 3, 100) ? null : t('quiet.wrong', { from: 3, to: 100 })),
      days: (told, all) => (!all.sunset || within(told, 30, 730) ? null : t('quiet.wrong', { from: 30, to: 730 })),
    },
  });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = settings ? JSON.stringify(valuesOf(settings)) : '';
  useEffect(() => {
    if (!held) return;
    const values = JSON.parse(held) as ReturnType<typeof valuesOf>;
    setInitialValues(values);
    setValues(values);
    resetDirty(values);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  if (!settings) return null;
  const save = form.onSubmit(async (told) => {
    try {
      await change.mutateAsync({
        deliverability: {
          soft_bounces: Number(told.bounces), soft_bounce_days: Number(told.bounceDays),
          ...(told.sunset ? { sunset: { messages: Number(told.messages), days: Number(told.days) } } : {}),
        },
      });
      form.resetDirty(told);
      notify.done(t('saved'));
    } catch (failed) {
      notify.failed(asProblem(failed));
    }
  });
  return (
    <Panel title={t('quiet.title')} text={t('quiet.text')}>
      <form onSubmit={save} noValidate>
        <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack>
            {!may && <Note tone="calm">{t('readOnly')}</Note>}
            <SimpleGrid cols={{ base: 1, sm: 2 }} maw={640}>
              <NumberInput label={t('quiet.bounces')} description={t('quiet.bouncesText')} min={2} max={50} allowDecimal={false} disabled={!may} {...form.getInputProps('bounces')} />
              <NumberInput label={t('quiet.bounceDays')} description={t('quiet.bounceDaysText')} min={0} max={60} allowDecimal={false} disabled={!may} {...form.getInputProps('bounceDays')} />
            </SimpleGrid>
            <Switch label={t('quiet.sunset')} description={t('quiet.sunsetText')} disabled={!may} {...form.getInputProps('sunset', { type: 'checkbox' })} />
            {form.values.sunset && (
              <SimpleGrid cols={{ base: 1, sm: 2 }} maw={640}>
                <NumberInput label={t('quiet.messages')} min={3} max={100} allowDecimal={false} disabled={!may} {...form.getInputProps('messages')} />
                <NumberInput label={t('quiet.days')} min={30} max={730} allowDecimal={false} disabled={!may} {...form.getInputProps('days')} />
              </SimpleGrid>
            )}
            {form.isDirty() && <Group><Button type="submit" loading={change.isPending}>{t('common:save')}</Button><Button variant="default" onClick={form.reset}>{t('drop')}</Button></Group>}
          </Stack>
        </fieldset>
      </form>
    </Panel>
  );
}
