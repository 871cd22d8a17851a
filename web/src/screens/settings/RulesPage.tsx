/** When, how often and to whom messages may go: the law's rules, the shop's own, consent, topics, the register. */
import { ActionIcon, Button, Checkbox, Group, NumberInput, Paper, Select, SimpleGrid, Stack, Switch, Text, Textarea, TextInput, Tooltip } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Frame } from './Frame';
import { brokenBy, isTopicId, patchOf, type Rules, rulesOf } from './rules';
import { DoNotCall } from './rules/DoNotCall';
import { LawPanel, useLawWords } from './rules/LawPanel';
import { times } from './rules/times';
import { SaveBar } from './SaveBar';
import { type ChannelName, useChange, useSettings } from './settings';

const CHANNELS: ChannelName[] = ['email', 'sms', 'zalo', 'push'];
const PURPOSES = ['all', 'marketing', 'ads', 'profiling', 'transactional'] as const;
const WINDOWS = ['sliding', 'day', 'week'] as const;

const EMPTY: Rules = {
  country: 'vn', reasons: {}, hours: [], caps: [], holdout: 0, wait: 72, topics: [], ask_email: false, ask_sms: false, ask_subject: '', ask_text: '', confirm_stops: true, stopped_subject: '', stopped_text: '',
};

export default function RulesPage() {
  const { t } = useTranslation(['settings', 'rules']);
  const formats = useFormats();
  const say = useLawWords();
  const { settings, error, retry } = useSettings();
  const laws = useQuery({ queryKey: ['settings', 'policies'], queryFn: async () => (await call(api.GET('/api/v1/policies'))).items, staleTime: Infinity });
  const change = useChange();
  const may = useMay('workspace.manage');
  const form = useForm<Rules>({
    initialValues: EMPTY,
    validate: {
      topics: {
        id: (id, all) => (!isTopicId(id) ? t('rules:topic.wrong.id') : all.topics.filter((one) => one.id.trim() === id.trim()).length > 1 ? t('rules:topic.wrong.twice') : null),
        name: (name) => (name.trim() ? null : t('rules:topic.wrong.name')),
      },
      ask_text: (text) => (text.trim() && !text.includes('confirm_url') ? t('rules:ask.wrong') : null),
    },
  });
  const { setInitialValues, setValues, resetDirty } = form;
  const [isFilled, setFilled] = useState(false);
  const held = JSON.stringify(settings ? [settings.policy, settings.topics, settings.consent] : null);
  useEffect(() => {
    if (!settings) return;
    const rules = rulesOf(settings);
    setInitialValues(rules);
    setValues(rules);
    resetDirty(rules);
    setFilled(true);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const { hours, caps, topics } = form.values;
  const law = laws.data?.find((one) => one.code === form.values.country);
  const found = brokenBy(form.values, law);
  const broken = [
    ...found.caps.map((one) => t('rules:broken.cap', { rule: say.cap(one) })), ...found.hours.map((one) => t('rules:broken.hours', { rule: say.hours(one) })),
    ...(found.reasons.length > 0 ? [t('rules:broken.reason')] : []), ...(found.order ? [t('rules.order')] : []),
  ];
  const save = form.onSubmit(async (told) => {
    if (broken.length > 0) return;
    try {
      await change.mutateAsync(patchOf(told, law));
      form.resetDirty(told);
      notify.done(t('saved'));
    } catch (failed) {
      notify.failed(asProblem(failed));
    }
  });
  const isReady = settings && laws.data && isFilled;
  const channels = CHANNELS.map((one) => ({ value: one, label: t(`channel.${one}`) }));
  const purposes = (isCap: boolean) => PURPOSES.filter((one) => !isCap || one !== 'transactional').map((one) => ({ value: one, label: t(`rules:purpose.${one}`) }));
  return (
    <Frame at="rules" text={t('rules.text')}>
      {error || laws.error ? <ErrorNote error={error ?? laws.error} retry={error ? retry : () => void laws.refetch()} /> : !isReady ? <PageSkeleton /> : (
        <Stack gap="lg">
          <form onSubmit={save}>
            <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
              <Stack gap="lg">
                {!may && <Note tone="calm">{t('readOnly')}</Note>}
                <LawPanel laws={laws.data} form={form} may={may} overrides={settings.policy.overrides ?? []} missing={found.reasons} />
                <Panel
                  title={t('rules.hours')} text={t('rules.hoursText')}
                  actions={may && <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => form.insertListItem('hours', { channel: 'email', purpose: 'all', from: 420, to: 1_320 })}>{t('rules:addHours')}</Button>}
                >
                  <Stack gap="sm">
                    {hours.length === 0 && <Text size="sm" c="dimmed">{t('rules:noHours')}</Text>}
                    {hours.map((one, at) => {
                      const name = t(`channel.${one.channel}`);
                      return (
                        <Group key={at} gap="xs" align="center" role="group" aria-label={t('rules:hoursOf', { channel: name, purpose: t(`rules:purpose.${one.purpose}`) })}>
                          <Select w={140} aria-label={t('rules.channel')} allowDeselect={false} disabled={!may} data={channels} {...form.getInputProps(`hours.${at}.channel`)} />
                          <Select w={190} aria-label={t('rules:purposeLabel')} allowDeselect={false} disabled={!may} data={purposes(false)} {...form.getInputProps(`hours.${at}.purpose`)} />
                          <Group gap="xs" wrap="nowrap">
                            <Select w={100} aria-label={t('rules.from', { channel: name })} allowDeselect={false} disabled={!may} data={times(one.from, 0, 1_410)} value={String(one.from)} onChange={(told) => form.setFieldValue(`hours.${at}.from`, Number(told))} />
                            <Text size="sm">{t('rules.until')}</Text>
                            <Select w={100} aria-label={t('rules.to', { channel: name })} allowDeselect={false} disabled={!may} data={times(one.to, 30, 1_440)} value={String(one.to)} onChange={(told) => form.setFieldValue(`hours.${at}.to`, Number(told))} />
                            {may && <Tooltip label={t('rules:removeHours')}><ActionIcon aria-label={t('rules:removeHours')} onClick={() => form.removeListItem('hours', at)}><IconTrash size={17} /></ActionIcon></Tooltip>}
                          </Group>
                        </Group>
                      );
                    })}
                  </Stack>
                </Panel>
                <Panel
                  title={t('rules.caps')} text={t('rules.capsText')}
                  actions={may && <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => form.insertListItem('caps', { channel: 'all', purpose: 'all', window: 'day', count: 1, hours: 24 })}>{t('rules.add')}</Button>}
                >
                  <Stack gap="md">
                    {caps.length === 0 && <Text size="sm" c="dimmed">{t('rules:noCaps')}</Text>}
                    {caps.map((cap, at) => (
                      <Group key={at} gap="xs" align="center">
                        <Text size="sm">{t('rules.most')}</Text>
                        <NumberInput w={76} min={0} max={1000} aria-label={t('rules.count')} {...form.getInputProps(`caps.${at}.count`)} />
                        <Text size="sm">{t('rules.messages')}</Text>
                        <Select w={135} aria-label={t('rules.channel')} allowDeselect={false} disabled={!may} data={[{ value: 'all', label: t('rules.all') }, ...channels]} {...form.getInputProps(`caps.${at}.channel`)} />
                        <Select w={170} aria-label={t('rules:purposeLabel')} allowDeselect={false} disabled={!may} data={purposes(true)} {...form.getInputProps(`caps.${at}.purpose`)} />
                        <Select w={175} aria-label={t('rules:windowLabel')} allowDeselect={false} disabled={!may} data={WINDOWS.map((one) => ({ value: one, label: t(`rules:window.${one}`) }))} {...form.getInputProps(`caps.${at}.window`)} />
                        <Group gap="xs" wrap="nowrap">
                          {cap.window === 'sliding' && (
                            <>
                              <NumberInput w={80} min={1} max={2160} aria-label={t('rules.hoursLabel')} {...form.getInputProps(`caps.${at}.hours`)} />
                              <Text size="sm">{Number(cap.hours) >= 48 && Number(cap.hours) % 24 === 0 ? t('rules.hoursAsDays', { days: formats.number(Number(cap.hours) / 24) }) : t('rules.hour')}</Text>
                            </>
                          )}
                          {may && <Tooltip label={t('rules.remove')}><ActionIcon aria-label={t('rules.remove')} onClick={() => form.removeListItem('caps', at)}><IconTrash size={17} /></ActionIcon></Tooltip>}
                        </Group>
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
                <Panel title={t('rules:ask.title')} text={t('rules:ask.text')}>
                  <Stack>
                    <Group gap="xl">
                      <Checkbox label={t('channel.email')} disabled={!may} {...form.getInputProps('ask_email', { type: 'checkbox' })} />
                      <Checkbox label={t('channel.sms')} disabled={!may} {...form.getInputProps('ask_sms', { type: 'checkbox' })} />
                    </Group>
                    {(form.values.ask_email || form.values.ask_sms) && (
                      <>
                        <TextInput label={t('rules:ask.subject')} placeholder={t('rules:ask.ours')} maxLength={150} {...form.getInputProps('ask_subject')} />
                        <Textarea label={t('rules:ask.words')} description={t('rules:ask.wordsText', { link: '{{ confirm_url }}', interpolation: { skipOnVariables: true } })} placeholder={t('rules:ask.ours')} autosize minRows={3} maxLength={2_500} {...form.getInputProps('ask_text')} />
                      </>
                    )}
                  </Stack>
                </Panel>
                <Panel title={t('rules:stop.title')} text={t('rules:stop.text')}>
                  <Stack>
                    <Switch label={t('rules:stop.on')} description={t('rules:stop.onText')} disabled={!may} {...form.getInputProps('confirm_stops', { type: 'checkbox' })} />
                    {form.values.confirm_stops && (
                      <>
                        <TextInput label={t('rules:stop.subject')} placeholder={t('rules:ask.ours')} maxLength={150} {...form.getInputProps('stopped_subject')} />
                        <Textarea label={t('rules:stop.words')} description={t('rules:stop.wordsText', { at: '{{ notice.at }}', interpolation: { skipOnVariables: true } })} placeholder={t('rules:ask.ours')} autosize minRows={3} maxLength={2_500} {...form.getInputProps('stopped_text')} />
                      </>
                    )}
                  </Stack>
                </Panel>
                <Panel
                  title={t('rules:topic.title')} text={t('rules:topic.text')}
                  actions={may && topics.length < 50 && <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => form.insertListItem('topics', { id: '', name: '', name_en: '' })}>{t('rules:topic.add')}</Button>}
                >
                  <Stack gap="sm">
                    {topics.length === 0 && <Text size="sm" c="dimmed">{t('rules:topic.none')}</Text>}
                    {topics.map((one, at) => (
                      <Paper key={at} withBorder radius="md" p="sm" role="group" aria-label={one.name || t('rules:topic.new')}>
                        <Group align="flex-start" wrap="nowrap" gap="xs">
                          <SimpleGrid cols={{ base: 1, sm: 3 }} style={{ flex: 1 }}>
                            <TextInput label={t('rules:topic.name')} required placeholder={t('rules:topic.namePlaceholder')} maxLength={100} {...form.getInputProps(`topics.${at}.name`)} />
                            <TextInput label={t('rules:topic.nameEn')} maxLength={100} {...form.getInputProps(`topics.${at}.name_en`)} />
                            <TextInput label={t('rules:topic.id')} required placeholder="hang-moi" maxLength={50} {...form.getInputProps(`topics.${at}.id`)} />
                          </SimpleGrid>
                          {may && <Tooltip label={t('rules:topic.remove')}><ActionIcon mt={28} aria-label={t('rules:topic.removeOf', { name: one.name || one.id })} onClick={() => form.removeListItem('topics', at)}><IconTrash size={17} /></ActionIcon></Tooltip>}
                        </Group>
                      </Paper>
                    ))}
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
          {law?.do_not_call && <DoNotCall />}
        </Stack>
      )}
    </Frame>
  );
}
