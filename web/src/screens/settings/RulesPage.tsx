import { ActionIcon, Button, Group, NumberInput, Select, Stack, Switch, Text, Tooltip } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconGavel, IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Note } from '../../parts/Note';
import { Frame } from './Frame';
import { SaveBar } from './SaveBar';
import { type ChannelName, type Hours, type Settings, useChange, useSettings } from './settings';

const CHANNELS: ChannelName[] = ['email', 'sms', 'zalo', 'push'];
const HALVES = Array.from({ length: 49 }, (_, at) => at * 30);

const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

interface Rules {
  hours: { channel: ChannelName; on: boolean; from: number; to: number }[];
  caps: { channel: ChannelName | 'all'; count: number | string; hours: number | string; purpose?: string; window?: string }[];
  /** Hours of one purpose, which this page does not show, and keeps. */
  otherHours: Hours[];
  holdout: number | string;
  wait: number | string;
}

function rulesOf(settings: Settings): Rules {
  const { policy } = settings;
  return {
    hours: CHANNELS.map((channel) => {
      const held = policy.hours.find((one) => one.channel === channel && !one.purpose);
      return { channel, on: !!held, from: held?.from ?? 7 * 60, to: held?.to ?? 22 * 60 };
    }),
    caps: policy.caps.map((cap) => ({ ...cap, channel: cap.channel ?? 'all' })),
    otherHours: policy.hours.filter((one) => one.purpose),
    holdout: policy.holdout_percent,
    wait: policy.wait_hours_max,
  };
}

function policyOf(rules: Rules): Settings['policy'] {
  return {
    hours: [...rules.hours.filter((one) => one.on).map(({ channel, from, to }) => ({ channel, from, to })), ...rules.otherHours],
    caps: rules.caps.map((cap) => ({ ...cap, channel: cap.channel === 'all' ? null : cap.channel, count: Number(cap.count), hours: Number(cap.hours) })),
    holdout_percent: Number(rules.holdout),
    wait_hours_max: Number(rules.wait),
  };
}

export default function RulesPage() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const { settings, error, retry } = useSettings();
  const change = useChange();
  const may = useMay('workspace.manage');
  const form = useForm<Rules>({ initialValues: { hours: [], caps: [], otherHours: [], holdout: 0, wait: 72 } });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = JSON.stringify(settings?.policy ?? null);
  useEffect(() => {
    if (!settings) return;
    const rules = rulesOf(settings);
    setInitialValues(rules);
    setValues(rules);
    resetDirty(rules);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const { hours, caps } = form.values;
  const lawfulCap = (channel: ChannelName) => caps.some((cap) => (cap.channel === channel || cap.channel === 'all') && Number(cap.count) <= 3 && Number(cap.hours) >= 24);
  const sms = hours.find((one) => one.channel === 'sms');
  const broken = [
    !lawfulCap('email') && t('rules.law.cap', { channel: t('channel.email') }),
    !lawfulCap('sms') && t('rules.law.cap', { channel: t('channel.sms') }),
    sms && !(sms.on && sms.from >= 420 && sms.to <= 1320) && t('rules.law.hours'),
    hours.some((one) => one.on && one.from >= one.to) && t('rules.order'),
  ].filter((one): one is string => typeof one === 'string');
  const save = form.onSubmit(async (told) => {
    if (broken.length > 0) return;
    try {
      await change.mutateAsync({ policy: policyOf(told) });
      form.resetDirty(told);
      notify.done(t('saved'));
    } catch (failed) {
      notify.failed(asProblem(failed));
    }
  });
  const times = HALVES.map((minute) => ({ value: String(minute), label: clock(minute) }));
  const isReady = settings && hours.length > 0;
  return (
    <Frame at="rules" text={t('rules.text')}>
      {error ? <ErrorNote error={error} retry={retry} /> : !isReady ? <PageSkeleton /> : (
        <form onSubmit={save}>
          <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
            <Stack gap="lg">
              {!may && <Note tone="calm">{t('readOnly')}</Note>}
              <Note tone="calm" icon={<IconGavel aria-hidden />} title={t('rules.law.title')}>
                <Text size="sm">{t('rules.law.text')}</Text>
              </Note>
              <Panel title={t('rules.hours')} text={t('rules.hoursText')}>
                <Stack gap="md">
                  {hours.map((one, at) => (
                    <Group key={one.channel} gap="sm" align="center">
                      <Switch
                        w={170} label={t(`channel.${one.channel}`)} disabled={!may || one.channel === 'sms'} {...form.getInputProps(`hours.${at}.on`, { type: 'checkbox' })}
                      />
                      {one.on ? (
                        <Group gap="xs">
                          <Select
                            aria-label={t('rules.from', { channel: t(`channel.${one.channel}`) })} w={104} allowDeselect={false} data={times.slice(0, 48)}
                            value={String(one.from)} onChange={(told) => form.setFieldValue(`hours.${at}.from`, Number(told))}
                          />
                          <Text size="sm">{t('rules.until')}</Text>
                          <Select
                            aria-label={t('rules.to', { channel: t(`channel.${one.channel}`) })} w={104} allowDeselect={false} data={times.slice(1)}
                            value={String(one.to)} onChange={(told) => form.setFieldValue(`hours.${at}.to`, Number(told))}
                          />
                        </Group>
                      ) : <Text size="sm" c="dimmed">{t('rules.always')}</Text>}
                    </Group>
                  ))}
                </Stack>
              </Panel>
              <Panel
                title={t('rules.caps')} text={t('rules.capsText')}
                actions={may && <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => form.insertListItem('caps', { channel: 'all', count: 1, hours: 24 })}>{t('rules.add')}</Button>}
              >
                <Stack gap="sm">
                  {caps.map((cap, at) => (
                    <Group key={at} gap="xs" align="center">
                      <Text size="sm">{t('rules.most')}</Text>
                      <NumberInput w={76} min={0} max={1000} aria-label={t('rules.count')} {...form.getInputProps(`caps.${at}.count`)} />
                      <Text size="sm">{t('rules.messages')}</Text>
                      <Select
                        w={170} aria-label={t('rules.channel')} allowDeselect={false}
                        data={[{ value: 'all', label: t('rules.all') }, ...CHANNELS.map((one) => ({ value: one, label: t(`channel.${one}`) }))]} {...form.getInputProps(`caps.${at}.channel`)}
                      />
                      <Text size="sm">{t('rules.within')}</Text>
                      <NumberInput w={92} min={1} max={2160} aria-label={t('rules.hoursLabel')} {...form.getInputProps(`caps.${at}.hours`)} />
                      <Text size="sm">{Number(cap.hours) >= 48 && Number(cap.hours) % 24 === 0 ? t('rules.hoursAsDays', { days: formats.number(Number(cap.hours) / 24) }) : t('rules.hour')}</Text>
                      {may && (
                        <Tooltip label={t('rules.remove')}>
                          <ActionIcon aria-label={t('rules.remove')} onClick={() => form.removeListItem('caps', at)}><IconTrash size={17} /></ActionIcon>
                        </Tooltip>
                      )}
                    </Group>
                  ))}
                </Stack>
              </Panel>
              <Panel title={t('rules.consent')}>
                <Stack gap="xs">
                  <Text size="sm">{t('rules.consentGranted')}</Text>
                  <Text size="sm">{t('rules.consentPending')}</Text>
                  <Text size="sm">{t('rules.consentDenied')}</Text>
                  <Text size="sm">{t('rules.consentOrders')}</Text>
                </Stack>
              </Panel>
              <Panel title={t('rules.more')}>
                <Group align="flex-start" gap="xl">
                  <NumberInput w={260} label={t('rules.wait')} description={t('rules.waitText')} min={1} max={720} suffix={t('rules.waitUnit')} {...form.getInputProps('wait')} />
                  <NumberInput w={260} label={t('rules.holdout')} description={t('rules.holdoutText')} min={0} max={50} suffix=" %" {...form.getInputProps('holdout')} />
                </Group>
              </Panel>
              {broken.length > 0 && <Note tone="bad" role="alert" title={t('rules.notAllowed')}><Stack gap={4}>{broken.map((one) => <Text key={one} size="sm">{one}</Text>)}</Stack></Note>}
              <SaveBar isDirty={may && form.isDirty()} isSaving={change.isPending} drop={() => form.reset()} />
            </Stack>
          </fieldset>
        </form>
      )}
    </Frame>
  );
}
