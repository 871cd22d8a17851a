/** Notifications in browsers and in the shop's own app. */
import { Anchor, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { Note } from '../../../parts/Note';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import type { Channel } from '../channels';
import { CopyLine } from '../Copy';
import { SaveBar } from '../SaveBar';
import { useSettings } from '../settings';
import { putChannel } from './save';
import { Try, useCheck } from './Try';

interface Web {
  subject: string;
  public_key: string;
  private_key?: string;
}

interface Fcm {
  service_account?: string;
  base_url?: string;
  auth_url?: string;
}

export function PushForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation(['settings', 'providers']);
  const may = useMay('workspace.manage');
  const { settings } = useSettings();
  const web = channel.web as Web | undefined;
  const fcm = channel.fcm as Fcm | undefined;
  const contact = settings?.shop.email ? `mailto:${settings.shop.email}` : '';
  const initial = {
    enabled: channel.is_set_up ? channel.enabled : true, web: channel.is_set_up ? !!web : true, subject: web?.subject ?? contact, fcm: !!fcm, service_account: '',
  };
  const form = useForm({ initialValues: initial });
  const { setInitialValues, setValues, resetDirty } = form;
  useEffect(() => {
    setInitialValues(initial);
    setValues(initial);
    resetDirty(initial);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [channel.updated_at, contact]);
  const check = useCheck('push');
  const save = useMutation({
    mutationFn: (told: typeof initial) =>
      putChannel('push', {
        provider: 'push', enabled: told.enabled, timeout_ms: channel.timeout_ms, concurrency: channel.concurrency,
        // The pair of keys stays: browsers have subscribed for it.
        ...(told.web ? { web: { subject: told.subject.trim() } } : {}),
        ...(told.fcm ? { fcm: { base_url: fcm?.base_url, auth_url: fcm?.auth_url, ...(told.service_account.trim() ? { service_account: told.service_account.trim() } : {}) } } : {}),
      }),
    onSuccess: async () => {
      await refresh('settings');
      notify.done(t('saved'));
      check.mutate();
    },
    onError: (failed) => {
      const { errors } = asProblem(failed);
      form.setErrors({
        ...(errors['web.subject'] ? { subject: t('providers:push.wrong.subject') } : {}),
        ...(errors['fcm.service_account'] ? { service_account: t('providers:push.wrong.service_account') } : {}),
        ...(errors.web ? { web: t('providers:push.wrong.web') } : {}),
      });
      notify.failed(failed);
    },
  });
  return (
    <Stack gap="lg">
      <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
        <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack gap="lg">
            {!may && <Note tone="calm">{t('readOnly')}</Note>}
            <Panel title={t('providers:push.web')} text={t('providers:push.webText')}>
              <Stack>
                <Switch label={t('providers:push.webOn')} disabled={!may} {...form.getInputProps('web', { type: 'checkbox' })} />
                {form.values.web && (
                  <>
                    <TextInput
                      label={t('providers:push.subject')} description={t('providers:push.subjectText')} inputWrapperOrder={['label', 'input', 'description', 'error']} required
                      placeholder="mailto:chao@shop.vn" {...form.getInputProps('subject')}
                    />
                    {web ? (
                      <div>
                        <Text size="sm" fw={500} mb={4}>{t('providers:push.publicKey')}</Text>
                        <CopyLine text={web.public_key} label={t('providers:push.publicKey')} />
                        <Text size="xs" c="dimmed" mt={4}>{t('providers:push.publicKeyText')}</Text>
                      </div>
                    ) : <Note tone="calm">{t('providers:push.keysMade')}</Note>}
                    <Text size="sm" c="dimmed">{t('providers:push.snippet')} <Anchor component={Link} to="/settings/tracking" size="sm" underline="always">{t('section.tracking')}</Anchor></Text>
                  </>
                )}
                {web && !form.values.web && <Note tone="wait">{t('providers:push.webOff')}</Note>}
              </Stack>
            </Panel>
            <Panel title={t('providers:push.app')} text={t('providers:push.appText')}>
              <Stack>
                <Switch label={t('providers:push.appOn')} disabled={!may} {...form.getInputProps('fcm', { type: 'checkbox' })} />
                {form.values.fcm && (
                  <Textarea
                    label={t('providers:push.account')} description={t('providers:push.accountText')} inputWrapperOrder={['label', 'input', 'description', 'error']} required={!fcm?.service_account}
                    autosize minRows={4} maxRows={10} spellCheck={false} autoComplete="off" styles={{ input: { fontFamily: 'monospace', fontSize: 13 } }}
                    placeholder={fcm?.service_account ? t('providers:kept') : '{ "type": "service_account", … }'} {...form.getInputProps('service_account')}
                  />
                )}
              </Stack>
            </Panel>
            <Panel>
              <Switch label={t('channels.enabled')} description={t('channels.enabledText')} disabled={!may} {...form.getInputProps('enabled', { type: 'checkbox' })} />
            </Panel>
            <SaveBar isDirty={may && (form.isDirty() || !channel.is_set_up)} isSaving={save.isPending} drop={() => form.reset()} />
          </Stack>
        </fieldset>
      </form>
      {may && channel.is_set_up && <Try channel={channel} check={check} isSaved={!form.isDirty()} />}
    </Stack>
  );
}
