/** A channel that goes by one of several providers: text messages, Zalo. */
import { Select, Stack, Switch } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { Note } from '../../../parts/Note';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import type { Channel } from '../channels';
import { providerOf, providersOf, toldOf, type Values, valuesOf } from '../providers';
import { SaveBar } from '../SaveBar';
import { CallbackPanel, ProviderFields, wrongOf } from './ProviderFields';
import { putChannel } from './save';
import { Try, useCheck } from './Try';

interface Told {
  provider: string;
  enabled: boolean;
  values: Record<string, Values>;
}

export function ProviderForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation(['settings', 'providers']);
  const words = useTranslation('providers').t;
  const may = useMay('workspace.manage');
  const known = providersOf[channel.channel] ?? [];
  const initial: Told = {
    provider: providerOf(channel)?.id ?? '', enabled: channel.is_set_up ? channel.enabled : true,
    values: Object.fromEntries(known.map((one) => [one.id, valuesOf(one, channel)])),
  };
  const form = useForm<Told>({ initialValues: initial });
  const { setInitialValues, setValues, resetDirty } = form;
  useEffect(() => {
    setInitialValues(initial);
    setValues(initial);
    resetDirty(initial);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [channel.updated_at]);
  const check = useCheck(channel.channel);
  const provider = known.find((one) => one.id === form.values.provider) ?? known[0];
  const save = useMutation({
    mutationFn: (told: Told) => putChannel(channel.channel, { ...toldOf(provider!, told.values[provider!.id] ?? {}, channel), enabled: told.enabled }),
    onSuccess: async () => {
      await refresh('settings');
      notify.done(t('saved'));
      check.reset();
      // An account that is not authorised yet has nothing to check.
      if (channel.channel !== 'zalo') check.mutate();
    },
    onError: (failed) => {
      form.setErrors(wrongOf(asProblem(failed).errors, provider!, words));
      notify.failed(failed);
    },
  });
  if (!provider) return null;
  const isSaved = channel.is_set_up && channel.provider === provider.id && !form.isDirty();
  return (
    <Stack gap="lg">
      <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
        <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack gap="lg">
            {!may && <Note tone="calm">{t('readOnly')}</Note>}
            <Panel title={t('channels.connection')} text={t(`providers:about.${provider.id}`)}>
              <Stack>
                {known.length > 1 && (
                  <Select
                    label={t('channels.provider')} allowDeselect={false} disabled={!may} data={known.map((one) => ({ value: one.id, label: one.name }))} {...form.getInputProps('provider')}
                  />
                )}
                <ProviderFields key={provider.id} provider={provider} channel={channel} form={form} disabled={!may} />
                <Switch label={t('channels.enabled')} description={t('channels.enabledText')} disabled={!may} {...form.getInputProps('enabled', { type: 'checkbox' })} />
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
