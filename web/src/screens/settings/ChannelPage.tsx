import { Anchor, Button, Group, NumberInput, PasswordInput, SegmentedControl, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCircleCheck, IconMailForward, IconPlugConnected, IconPlugConnectedX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { useMay, useSession } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { NotFound } from '../../parts/NotFound';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Note } from '../../parts/Note';
import { CAN_BE_SET_UP, type Channel, presets, useChannels } from './channels';
import { stateOf } from './ChannelsPage';
import { Frame } from './Frame';
import { SaveBar } from './SaveBar';

type Answer = { ok: boolean; detail: string };

const put = async (channel: string, body: Record<string, unknown>) =>
  (await call(api.PUT('/api/v1/channels/{channel}', { params: { path: { channel } }, body: body as Record<string, never> }))) as unknown as Channel;

export default function ChannelPage() {
  const { t } = useTranslation('settings');
  const { channel: name } = useParams({ strict: false }) as { channel: string };
  const query = useChannels();
  const channel = query.data?.find((one) => one.channel === name);
  if (query.data && !channel) return <NotFound />;
  const state = channel && stateOf(channel);
  return (
    <Frame
      at="channels" title={t(`channel.${name}`)} above={[{ title: t('section.channels'), to: '/settings/channels' }]}
      badge={state && <StatusBadge tone={state.tone}>{t(`channels.state.${state.id}`)}</StatusBadge>} text={t(`channels.about.${name}`)}
    >
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !channel ? <PageSkeleton /> : (
        <>
          {name === 'email' && channel.provider && channel.provider !== 'smtp' && <Note tone="calm" mb="lg">{t('channels.foreign', { provider: channel.provider })}</Note>}
          {name === 'email' && <EmailForm channel={channel} />}
          {name === 'webhook' && <WebhookForm channel={channel} />}
          {!CAN_BE_SET_UP.includes(channel.channel) && <Note tone="calm">{t('channels.laterText')}</Note>}
        </>
      )}
    </Frame>
  );
}

function Result({ answer, good }: { answer: Answer | undefined; good: string }) {
  const { t } = useTranslation('settings');
  if (!answer) return null;
  return answer.ok ? (
    <Note tone="good" icon={<IconCircleCheck aria-hidden />} role="status" title={good}><Text size="sm">{answer.detail}</Text></Note>
  ) : (
    <Note tone="bad" icon={<IconPlugConnectedX aria-hidden />} role="alert" title={t('channels.refused')}>
      <Text size="sm">{answer.detail}</Text>
      <Text size="sm" mt={6}>{t(adviceOf(answer.detail))}</Text>
    </Note>
  );
}

/** What to do about an answer of a mail server. */
function adviceOf(detail: string): string {
  const told = detail.toLowerCase();
  if (/535|534|530|auth|password|credential|login/.test(told)) return 'channels.advice.password';
  if (/certificate|tls|starttls/.test(told)) return 'channels.advice.tls';
  if (/no address|resolve|host name/.test(told)) return 'channels.advice.host';
  if (/private network/.test(told)) return 'channels.advice.private';
  if (/connect|refused|timed|no answer|in time/.test(told)) return 'channels.advice.connect';
  return 'channels.advice.other';
}

function EmailForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation('settings');
  const may = useMay('workspace.manage');
  const session = useSession();
  const domains = useQuery({ queryKey: ['settings', 'domains'], queryFn: () => call(api.GET('/api/v1/domains')) });
  const initial = {
    name: channel.from?.name ?? '', address: channel.from?.address ?? '', reply_to: channel.reply_to ?? '', return_path: channel.return_path ?? '',
    host: channel.host ?? '', port: (channel.port ?? 587) as number | string, security: channel.security ?? 'starttls',
    username: channel.username ?? '', password: '', enabled: channel.is_set_up ? channel.enabled : true,
  };
  const form = useForm({ initialValues: initial });
  const { setInitialValues, setValues, resetDirty } = form;
  useEffect(() => {
    setInitialValues(initial);
    setValues(initial);
    resetDirty(initial);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [channel.updated_at]);
  const check = useMutation({ mutationFn: () => call(api.POST('/api/v1/channels/{channel}/check', { params: { path: { channel: 'email' } } })) });
  const trial = useMutation({
    mutationFn: (to: string) => call(api.POST('/api/v1/channels/{channel}/test', { params: { path: { channel: 'email' } }, body: to ? { to } : {} })),
  });
  const to = useForm({ initialValues: { to: '' } });
  const save = useMutation({
    mutationFn: (told: typeof initial) =>
      put('email', {
        provider: 'smtp', host: told.host.trim(), port: Number(told.port), security: told.security, enabled: told.enabled,
        from: { name: told.name.trim(), address: told.address.trim() }, reply_to: told.reply_to.trim() || null, return_path: told.return_path.trim() || null,
        ...(told.username.trim() ? { username: told.username.trim() } : channel.password ? { password: '' } : {}),
        ...(told.password && told.username.trim() ? { password: told.password } : {}),
      }),
    onSuccess: async () => {
      await refresh('settings');
      notify.done(t('saved'));
      check.mutate();
    },
    onError: (failed) => {
      const names: Record<string, string> = { 'from.address': 'address', from: 'address' };
      const known = ['host', 'port', 'security', 'username', 'password', 'from', 'from.address'];
      form.setErrors(Object.fromEntries(
        Object.entries(asProblem(failed).errors).map(([field, message]) => [names[field] ?? field, known.includes(field) ? t(`channels.wrong.${field.replace('.', '_')}`) : message]),
      ));
      // What is wrong stands at its field.
      if (Object.keys(asProblem(failed).errors).length === 0) notify.failed(failed);
    },
  });
  const own = form.values.address.split('@')[1]?.toLowerCase() ?? '';
  const signing = domains.data?.items.find((one) => own === one.domain || own.endsWith(`.${one.domain}`));
  const isSaved = channel.is_set_up && channel.provider === 'smtp' && !form.isDirty();
  return (
    <Stack gap="lg">
      <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
        <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack gap="lg">
            {!may && <Note tone="calm">{t('readOnly')}</Note>}
            <Panel title={t('channels.sender')}>
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <TextInput label={t('channels.name')} placeholder="Mộc Lan" {...form.getInputProps('name')} />
                <TextInput label={t('channels.address')} type="email" required placeholder="chao@shop.vn" {...form.getInputProps('address')} />
                <TextInput label={t('channels.replyTo')} type="email" description={t('channels.replyToText')} {...form.getInputProps('reply_to')} />
                <TextInput label={t('channels.returnPath')} type="email" description={t('channels.returnPathText')} {...form.getInputProps('return_path')} />
              </SimpleGrid>
              {own && domains.data && (
                signing
                  ? <Text size="sm" mt="md" c="var(--ql-good)">{t('channels.signed', { domain: signing.domain })} <Anchor component={Link} to={`/settings/domains/${signing.domain}`} size="sm" underline="always">{t('channels.seeDomain')}</Anchor></Text>
                  : <Text size="sm" mt="md" c="var(--ql-wait)">{t('channels.unsigned', { domain: own })} <Anchor component={Link} to="/settings/domains" size="sm" underline="always">{t('channels.addDomain')}</Anchor></Text>
              )}
            </Panel>
            <Panel title={t('channels.server')} text={t('channels.serverText')}>
              <Stack>
                <Select
                  label={t('channels.preset')} placeholder={t('channels.presetNone')} clearable data={presets.map((one) => ({ value: one.id, label: one.name }))}
                  value={presets.find((one) => one.host === form.values.host)?.id ?? null}
                  onChange={(id) => {
                    const preset = presets.find((one) => one.id === id);
                    if (preset) form.setValues({ host: preset.host, port: preset.port, security: preset.security, ...(preset.username ? { username: preset.username } : {}) });
                  }}
                />
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <TextInput label={t('channels.host')} required placeholder="smtp.example.com" {...form.getInputProps('host')} />
                  <NumberInput label={t('channels.port')} required min={1} max={65535} thousandSeparator="" {...form.getInputProps('port')} />
                </SimpleGrid>
                <div>
                  <Text size="sm" fw={500} mb={4} id="security">{t('channels.security')}</Text>
                  <SegmentedControl
                    aria-labelledby="security" fullWidth disabled={!may} {...form.getInputProps('security')}
                    data={['starttls', 'tls', 'none'].map((one) => ({ value: one, label: t(`channels.secure.${one}`) }))}
                  />
                  {form.errors.security && <Text size="sm" c="var(--mantine-color-error)" mt={4}>{form.errors.security}</Text>}
                </div>
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <TextInput label={t('channels.username')} autoComplete="off" {...form.getInputProps('username')} />
                  <PasswordInput
                    label={t('channels.password')} autoComplete="new-password" placeholder={channel.password ? t('channels.passwordKept') : undefined}
                    visibilityToggleButtonProps={{ 'aria-label': t('channels.showPassword') }} {...form.getInputProps('password')}
                  />
                </SimpleGrid>
                <Switch label={t('channels.enabled')} description={t('channels.enabledText')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
              </Stack>
            </Panel>
            <SaveBar isDirty={may && form.isDirty()} isSaving={save.isPending} drop={() => form.reset()} />
          </Stack>
        </fieldset>
      </form>
      {may && channel.is_set_up && (
        <Panel title={t('channels.try')} text={isSaved ? t('channels.tryText') : t('channels.trySave')}>
          <Stack>
            <Group align="flex-end">
              <Button variant="default" leftSection={<IconPlugConnected size={17} />} loading={check.isPending} disabled={!isSaved} onClick={() => check.mutate()}>{t('channels.check')}</Button>
              <form onSubmit={to.onSubmit((told) => trial.mutate(told.to))} style={{ flex: '1 1 300px' }}>
                <Group align="flex-end" gap="xs" wrap="nowrap">
                  <TextInput
                    style={{ flex: 1 }} type="email" label={t('channels.trialTo')} placeholder={session?.email} {...to.getInputProps('to')}
                  />
                  <Button type="submit" variant="default" leftSection={<IconMailForward size={17} />} loading={trial.isPending} disabled={!isSaved}>{t('channels.trial')}</Button>
                </Group>
              </form>
            </Group>
            {check.error && <ErrorNote error={check.error} />}
            {trial.error && <ErrorNote error={trial.error} />}
            <Result answer={check.data} good={t('channels.works')} />
            <Result answer={trial.data} good={t('channels.sent')} />
          </Stack>
        </Panel>
      )}
    </Stack>
  );
}

function WebhookForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation('settings');
  const may = useMay('workspace.manage');
  const initial = { secret: '', timeout: (channel.timeout_ms ?? 15_000) / 1_000 as number | string };
  const form = useForm({ initialValues: initial });
  const save = useMutation({
    mutationFn: (told: typeof initial) => put('webhook', { provider: 'webhook', timeout_ms: Number(told.timeout) * 1_000, ...(told.secret ? { secret: told.secret } : {}) }),
    onSuccess: async (_, told) => {
      await refresh('settings');
      form.setValues({ ...told, secret: '' });
      form.resetDirty({ ...told, secret: '' });
      notify.done(t('saved'));
    },
    onError: (failed) => {
      if (asProblem(failed).errors.secret) form.setErrors({ secret: t('channels.wrong.secret') });
      notify.failed(failed);
    },
  });
  return (
    <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
      <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack gap="lg">
          {!may && <Note tone="calm">{t('readOnly')}</Note>}
          <Panel title={t('channels.hook')} text={t('channels.hookText')}>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <PasswordInput
                label={t('channels.secret')} description={t('channels.secretText')} autoComplete="new-password" placeholder={channel.secret ? t('channels.passwordKept') : undefined}
                visibilityToggleButtonProps={{ 'aria-label': t('channels.showPassword') }} {...form.getInputProps('secret')}
              />
              <NumberInput label={t('channels.timeout')} description={t('channels.timeoutText')} min={1} max={120} {...form.getInputProps('timeout')} />
            </SimpleGrid>
          </Panel>
          <Text size="sm" c="dimmed">{t('channels.hookElse')} <Anchor component={Link} to="/settings/webhooks" size="sm" underline="always">{t('section.webhooks')}</Anchor></Text>
          <SaveBar isDirty={may && form.isDirty()} isSaving={save.isPending} drop={() => form.reset()} />
        </Stack>
      </fieldset>
    </form>
  );
}
