/** How much may go out of a sending domain: its warm-up, and limits of single receivers. */
import { ActionIcon, Autocomplete, Button, Group, NumberInput, Progress, Skeleton, Stack, Text, Tooltip } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, queries, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Trend } from '../../parts/Trend';

type Plan = Schema<'SendingPlanView'>;
type Told = Schema<'SendingPlanTold'>;

const RECEIVERS = ['gmail.com', 'outlook.com', 'yahoo.com', 'icloud.com'];
/** The first day of a warm-up: less than that needs none. */
const FIRST_DAY = 50;

export function PlanPanel({ domain }: { domain: string }) {
  const { t } = useTranslation('settings');
  const key = ['settings', 'domains', domain, 'plan'];
  const query = useQuery({ queryKey: key, queryFn: () => call(api.GET('/api/v1/domains/{domain}/plan', { params: { path: { domain } } })) });
  const put = useMutation({
    mutationFn: (plan: Told) => call(api.PUT('/api/v1/domains/{domain}/plan', { params: { path: { domain } }, body: plan })),
    onSuccess: (plan) => queries.setQueryData(key, plan),
  });
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton h={180} radius="lg" />;
  return (
    <>
      <Panel title={t('plan.warmUp')} text={t('plan.warmUpText')}><WarmUp plan={query.data} put={put.mutateAsync} isPending={put.isPending} /></Panel>
      <Panel title={t('plan.receivers')} text={t('plan.receiversText')}><Receivers plan={query.data} put={put.mutateAsync} isPending={put.isPending} /></Panel>
    </>
  );
}

const separators = (language: string) => (language === 'en' ? { thousandSeparator: ',', decimalSeparator: '.' } : { thousandSeparator: '.', decimalSeparator: ',' });

interface PartProps {
  plan: Plan;
  put: (plan: Told) => Promise<Plan>;
  isPending: boolean;
}

function WarmUp({ plan, put, isPending }: PartProps) {
  const { t, i18n } = useTranslation('settings');
  const formats = useFormats();
  const may = useMay('workspace.manage');
  const { progress, receivers } = plan;
  const form = useForm({ initialValues: { target: 1_000 as number | string }, validate: { target: (told) => (Number(told) > FIRST_DAY ? null : t('plan.wrong.target')) } });
  const begin = form.onSubmit((told) => void put({ daily_target: Number(told.target), daily: [], receivers }).then(() => notify.done(t('plan.begun')), notify.failed));
  const end = () => void put({ daily: [], receivers }).then(() => notify.undo(t('plan.ended'), () => put({ starts_at: plan.starts_at, daily: plan.daily, receivers })), notify.failed);
  if (plan.daily.length === 0) {
    return may ? (
      <form onSubmit={begin}>
        <Group align="flex-end" gap="xs">
          <NumberInput label={t('plan.target')} description={t('plan.targetText')} min={1} max={100_000_000} allowDecimal={false} {...separators(i18n.language)} style={{ flex: '1 1 240px' }} maw={420} {...form.getInputProps('target')} />
          <Button type="submit" variant="default" loading={isPending}>{t('plan.begin')}</Button>
        </Group>
      </form>
    ) : <Text size="sm" c="dimmed">{t('plan.none')}</Text>;
  }
  const isOver = progress.day > 0 && progress.today_max === null;
  const most = progress.today_max ?? 0;
  return (
    <Stack>
      <Group justify="space-between" gap="xs">
        <StatusBadge tone={isOver ? 'good' : 'accent'}>
          {isOver ? t('plan.over') : progress.day === 0 ? t('plan.waits', { at: plan.starts_at ? formats.dateTime(plan.starts_at) : '' }) : t('plan.day', { day: progress.day, days: progress.days })}
        </StatusBadge>
        {may && <Button size="compact-sm" variant="subtle" color="gray" loading={isPending} onClick={end}>{isOver ? t('plan.forget') : t('plan.end')}</Button>}
      </Group>
      {most > 0 && (
        <div>
          <Text size="sm" mb={4}>{t('plan.today', { sent: formats.number(progress.today_sent), most: formats.number(most) })}</Text>
          <Progress value={Math.min(100, (100 * progress.today_sent) / most)} size="sm" aria-label={t('plan.todayLabel')} />
        </div>
      )}
      <Trend
        label={t('plan.chart')} height={150} points={plan.daily.map((_, at) => t('plan.dayShort', { day: at + 1 }))} series={[{ name: t('plan.volume'), kind: 'bar', values: plan.daily }]}
        format={(value) => formats.number(value)} formatShort={(value) => formats.short(value)}
      />
    </Stack>
  );
}

function Receivers({ plan, put, isPending }: PartProps) {
  const { t, i18n } = useTranslation('settings');
  const may = useMay('workspace.manage');
  const initial = { receivers: plan.receivers.map((one) => ({ domain: one.domain, per_hour: one.per_hour as number | string })) };
  const form = useForm({
    initialValues: initial,
    validate: {
      receivers: {
        domain: (told, all) => (!/^[a-z0-9.-]+\.[a-z0-9-]+$/.test(told.trim()) ? t('plan.wrong.domain') : all.receivers.filter((one) => one.domain.trim() === told.trim()).length > 1 ? t('plan.wrong.twice') : null),
        per_hour: (told) => (Number(told) >= 1 ? null : t('plan.wrong.perHour')),
      },
    },
  });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = JSON.stringify(plan.receivers);
  useEffect(() => {
    setInitialValues(initial);
    setValues(initial);
    resetDirty(initial);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const save = form.onSubmit((told) => {
    const receivers = told.receivers.map((one) => ({ domain: one.domain.trim(), per_hour: Number(one.per_hour) }));
    put({ starts_at: plan.starts_at, daily: plan.daily, receivers }).then(() => notify.done(t('saved')), (failed) => {
      if (asProblem(failed).errors.receivers) form.setErrors({ 'receivers.0.domain': t('plan.wrong.domain') });
      notify.failed(failed);
    });
  });
  const { receivers } = form.values;
  return (
    <form onSubmit={save}>
      <Stack gap="sm">
        {receivers.length === 0 && <Text size="sm" c="dimmed">{t('plan.noReceivers')}</Text>}
        {receivers.map((one, at) => (
          <Group key={at} gap="xs" align="flex-start" role="group" aria-label={one.domain || t('plan.newReceiver')}>
            <Autocomplete aria-label={t('plan.receiver')} placeholder="gmail.com" data={RECEIVERS} disabled={!may} style={{ flex: '1 1 180px' }} maw={280} {...form.getInputProps(`receivers.${at}.domain`)} />
            <NumberInput aria-label={t('plan.perHour')} suffix={t('plan.perHourUnit')} min={1} allowDecimal={false} {...separators(i18n.language)} disabled={!may} w={170} {...form.getInputProps(`receivers.${at}.per_hour`)} />
            {may && <Tooltip label={t('plan.removeReceiver')}><ActionIcon aria-label={t('plan.removeReceiverOf', { domain: one.domain })} onClick={() => form.removeListItem('receivers', at)} mt={4}><IconTrash size={17} /></ActionIcon></Tooltip>}
          </Group>
        ))}
        {may && (
          <Group gap="xs">
            {receivers.length < 50 && <Button variant="light" size="sm" leftSection={<IconPlus size={16} />} onClick={() => form.insertListItem('receivers', { domain: RECEIVERS.find((name) => !receivers.some((one) => one.domain === name)) ?? '', per_hour: 1_000 })}>{t('plan.addReceiver')}</Button>}
            {form.isDirty() && <Button type="submit" size="sm" loading={isPending}>{t('common:save')}</Button>}
          </Group>
        )}
      </Stack>
    </form>
  );
}
