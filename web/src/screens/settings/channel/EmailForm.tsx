/** E-mail: who writes, by which service or server, and the mailbox that mail comes back to. */
import { Anchor, NumberInput, PasswordInput, SegmentedControl, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { Note } from '../../../parts/Note';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { type Channel, presets } from '../channels';
import { providerOf, providersOf, toldOf, type Values, valuesOf } from '../providers';
import { SaveBar } from '../SaveBar';
import { CallbackPanel, ProviderFields, wrongOf } from './ProviderFields';
import { ReturnsState } from './ReturnsState';
import { putChannel } from './save';
import { Try, useCheck } from './Try';

interface Told {
  provider: string;
  enabled: boolean;
  name: string;
  address: string;
  reply_to: string;
  return_path: string;
  host: string;
  port: number | string;
  security: string;
  username: string;
  password: string;
  returns: { on: boolean; address: string; reads: boolean; host: string; port: number | string; security: string; username: string; password: string; folder: string; done_folder: string };
  values: Record<string, Values>;
}

const known = providersOf.email ?? [];
const SECURITIES = ['starttls', 'tls', 'none'] as const;

function toldBy(channel: Channel): Told {
  const smtp = channel.provider === 'smtp' ? channel : undefined;
  const held = channel.returns?.mailbox;
  return {
    provider: providerOf(channel)?.id ?? 'smtp', enabled: channel.is_set_up ? channel.enabled : true,
    name: channel.from?.name ?? '', address: channel.from?.address ?? '', reply_to: channel.reply_to ?? '', return_path: channel.return_path ?? '',
    host: smtp?.host ?? '', port: smtp?.port ?? 587, security: smtp?.security ?? 'starttls', username: smtp?.username ?? '', password: '',
    returns: {
      on: !!channel.returns, address: channel.returns?.address ?? '', reads: !channel.returns || !!held,
      host: held?.host ?? '', port: held?.port ?? 993, security: held?.security ?? 'tls', username: held?.username ?? '', password: '',
      folder: held?.folder ?? 'INBOX', done_folder: held?.done_folder ?? '',
    },
    values: Object.fromEntries(known.map((one) => [one.id, valuesOf(one, channel)])),
  };
}

/** The server of mail as the API wants it; what the form does not show stays. */
function smtpOf(told: Told, channel: Channel): Record<string, unknown> {
  const held = channel.provider === 'smtp' ? toldOf(known[0]!, {}, channel) : { provider: 'smtp' };
  const username = told.username.trim();
  const { username: _, password: __, ...rest } = held as Record<string, unknown>;
  return {
    ...rest, host: told.host.trim(), port: Number(told.port), security: told.security,
    ...(username ? { username } : channel.password ? { password: '' } : {}),
    ...(told.password && username ? { password: told.password } : {}),
  };
}

function returnsOf({ returns }: Told, channel: Channel): Record<string, unknown> {
  if (!returns.on) return channel.returns ? { returns: null } : {};
  const { address, host, port, security, username, password, folder, done_folder } = returns;
  const mailbox = {
    ...channel.returns?.mailbox, host: host.trim(), port: Number(port), security, username: username.trim(), folder: folder.trim() || 'INBOX', done_folder: done_folder.trim() || null,
    password: password || undefined,
  };
  return { returns: { ...channel.returns, address: address.trim(), mailbox: returns.reads ? mailbox : null } };
}

export function EmailForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation(['settings', 'providers']);
  const words = useTranslation('providers').t;
  const may = useMay('workspace.manage');
  const domains = useQuery({ queryKey: ['settings', 'domains'], queryFn: () => call(api.GET('/api/v1/domains')) });
  const initial = toldBy(channel);
  const form = useForm<Told>({ initialValues: initial });
  const { setInitialValues, setValues, resetDirty } = form;
  useEffect(() => {
    setInitialValues(initial);
    setValues(initial);
    resetDirty(initial);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [channel.updated_at]);
  const check = useCheck('email');
  const provider = known.find((one) => one.id === form.values.provider) ?? known[0]!;
  const save = useMutation({
    mutationFn: (told: Told) =>
      putChannel('email', {
        ...(provider.id === 'smtp' ? smtpOf(told, channel) : toldOf(provider, told.values[provider.id] ?? {}, channel)), enabled: told.enabled,
        from: { name: told.name.trim(), address: told.address.trim() }, reply_to: told.reply_to.trim() || null, return_path: told.return_path.trim() || null,
        ...returnsOf(told, channel),
      }),
    onSuccess: async () => {
      await refresh('settings');
      notify.done(t('saved'));
      check.mutate();
    },
    onError: (failed) => {
      const { errors } = asProblem(failed);
      const names: Record<string, string> = { 'from.address': 'address', from: 'address' };
      const server = ['host', 'port', 'security', 'username', 'password', 'from', 'from.address'];
      const told = Object.keys(errors).filter((field) => server.includes(field) && (provider.id === 'smtp' || field.startsWith('from')));
      form.setErrors({
        ...Object.fromEntries(told.map((field) => [names[field] ?? field, t(`channels.wrong.${field.replace('.', '_')}`)])),
        ...Object.fromEntries(Object.keys(errors).filter((field) => field.startsWith('returns.')).map((field) => {
          const name = field.split('.').at(-1) ?? '';
          return [`returns.${name}`, t(`channels.returns.wrong.${name === 'password' || name === 'address' ? name : 'other'}`)];
        })),
        ...wrongOf(errors, provider, words),
      });
      notify.failed(failed);
    },
  });
  const own = form.values.address.split('@')[1]?.toLowerCase() ?? '';
  const signing = domains.data?.items.find((one) => own === one.domain || own.endsWith(`.${one.domain}`));
  const isSaved = channel.is_set_up && channel.provider === provider.id && !form.isDirty();
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
              {own && domains.data && provider.id === 'smtp' && (
                signing
                  ? <Text size="sm" mt="md" c="var(--ql-good)">{t('channels.signed', { domain: signing.domain })} <Anchor component={Link} to={`/settings/domains/${signing.domain}`} size="sm" underline="always">{t('channels.seeDomain')}</Anchor></Text>
                  : <Text size="sm" mt="md" c="var(--ql-wait)">{t('channels.unsigned', { domain: own })} <Anchor component={Link} to="/settings/domains" size="sm" underline="always">{t('channels.addDomain')}</Anchor></Text>
              )}
            </Panel>
            <Panel title={t('channels.connection')} text={t(`providers:about.${provider.id}`)}>
              <Stack>
                <Select label={t('channels.provider')} allowDeselect={false} disabled={!may} data={known.map((one) => ({ value: one.id, label: one.id === 'smtp' ? t('channels.smtp') : one.name }))} {...form.getInputProps('provider')} />
                {provider.id === 'smtp' ? (
                  <>
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
                        aria-labelledby="security" fullWidth disabled={!may} {...form.getInputProps('security')} data={SECURITIES.map((one) => ({ value: one, label: t(`channels.secure.${one}`) }))}
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
                  </>
                ) : <ProviderFields key={provider.id} provider={provider} channel={channel} form={form} disabled={!may} />}
                <Switch label={t('channels.enabled')} description={t('channels.enabledText')} disabled={!may} {...form.getInputProps('enabled', { type: 'checkbox' })} />
              </Stack>
            </Panel>
            <Panel title={t('channels.returns.title')} text={t('channels.returns.text')}>
              <Stack>
                <Switch label={t('channels.returns.on')} description={t('channels.returns.onText')} disabled={!may} {...form.getInputProps('returns.on', { type: 'checkbox' })} />
                {form.values.returns.on && (
                  <>
                    {channel.returns?.mailbox && <ReturnsState />}
                    <TextInput
                      label={t('channels.returns.address')} description={t('channels.returns.addressText')} type="email" required placeholder="bounce@mail.shop.vn" {...form.getInputProps('returns.address')}
                    />
                    <Switch label={t('channels.returns.reads')} description={t('channels.returns.readsText')} disabled={!may} {...form.getInputProps('returns.reads', { type: 'checkbox' })} />
                  </>
                )}
                {form.values.returns.on && form.values.returns.reads && (
                  <>
                    <SimpleGrid cols={{ base: 1, sm: 2 }}>
                      <TextInput label={t('channels.returns.host')} required placeholder="imap.example.com" {...form.getInputProps('returns.host')} />
                      <NumberInput label={t('channels.returns.port')} required min={1} max={65535} thousandSeparator="" {...form.getInputProps('returns.port')} />
                      <TextInput label={t('channels.returns.username')} required autoComplete="off" {...form.getInputProps('returns.username')} />
                      <PasswordInput
                        label={t('channels.returns.password')} required={!channel.returns?.mailbox?.password} autoComplete="new-password" placeholder={channel.returns?.mailbox?.password ? t('channels.passwordKept') : undefined}
                        visibilityToggleButtonProps={{ 'aria-label': t('channels.returns.showPassword') }} {...form.getInputProps('returns.password')}
                      />
                      <TextInput label={t('channels.returns.folder')} placeholder="INBOX" {...form.getInputProps('returns.folder')} />
                      <TextInput label={t('channels.returns.done')} description={t('channels.returns.doneText')} inputWrapperOrder={['label', 'input', 'description', 'error']} {...form.getInputProps('returns.done_folder')} />
                    </SimpleGrid>
                    <Select
                      label={t('channels.returns.security')} allowDeselect={false} disabled={!may} data={SECURITIES.map((one) => ({ value: one, label: t(`channels.returns.secure.${one}`) }))} {...form.getInputProps('returns.security')}
                    />
                  </>
                )}
              </Stack>
            </Panel>
            <SaveBar isDirty={may && form.isDirty()} isSaving={save.isPending} drop={() => form.reset()} />
          </Stack>
        </fieldset>
      </form>
      {may && channel.is_set_up && <Try channel={channel} check={check} isSaved={isSaved} />}
      {channel.is_set_up && channel.provider === provider.id && <CallbackPanel channel={channel} provider={provider} />}
    </Stack>
  );
}
