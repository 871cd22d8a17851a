import { Anchor, NumberInput, PasswordInput, SimpleGrid, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem, refresh } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { NotFound } from '../../parts/NotFound';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { EmailForm } from './channel/EmailForm';
import { ProviderForm } from './channel/ProviderForm';
import { PushForm } from './channel/PushForm';
import { putChannel } from './channel/save';
import { type Channel, useChannels } from './channels';
import { stateOf } from './ChannelsPage';
import { Frame } from './Frame';
import { providersOf } from './providers';
import { SaveBar } from './SaveBar';

const ZaloAccount = lazy(() => import('./channel/ZaloAccount'));

export default function ChannelPage() {
  const { t } = useTranslation('settings');
  const { channel: name } = useParams({ strict: false }) as { channel: string };
  const query = useChannels();
  const channel = query.data?.find((one) => one.channel === name);
  if (query.data && !channel) return <NotFound />;
  const state = channel && stateOf(channel);
  // It was set up by the command line, to try Quaylai without sending anything.
  const isForeign = channel?.provider && providersOf[channel.channel]?.every((one) => one.id !== channel.provider);
  return (
    <Frame
      at="channels" title={t(`channel.${name}`)} above={[{ title: t('section.channels'), to: '/settings/channels' }]}
      badge={state && <StatusBadge tone={state.tone}>{t(`channels.state.${state.id}`)}</StatusBadge>} text={t(`channels.about.${name}`)}
    >
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !channel ? <PageSkeleton /> : (
        <>
          {isForeign && <Note tone="calm" mb="lg">{t('channels.foreign', { provider: channel.provider })}</Note>}
          {name === 'zalo' && channel.provider === 'zalo' && <Suspense fallback={<PageSkeleton />}><ZaloAccount /></Suspense>}
          {name === 'email' && <EmailForm channel={channel} />}
          {name === 'push' && <PushForm channel={channel} />}
          {(name === 'sms' || name === 'zalo' || name === 'onsite') && <ProviderForm channel={channel} />}
          {name === 'webhook' && <WebhookForm channel={channel} />}
        </>
      )}
    </Frame>
  );
}

function WebhookForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation('settings');
  const may = useMay('workspace.manage');
  const initial = { secret: '', timeout: (channel.timeout_ms ?? 15_000) / 1_000 as number | string };
  const form = useForm({ initialValues: initial });
  const save = useMutation({
    mutationFn: (told: typeof initial) => putChannel('webhook', { provider: 'webhook', timeout_ms: Number(told.timeout) * 1_000, ...(told.secret ? { secret: told.secret } : {}) }),
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
