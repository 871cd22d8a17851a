/** Where the do-not-call register is fetched every day, so that nobody has to bring it in by hand. */
import { Anchor, Button, Group, PasswordInput, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCloudDownload, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh, type Schema } from '../../../api';
import { confirm } from '../../../parts/confirm';
import { When } from '../../../parts/format';
import { Note } from '../../../parts/Note';
import { notify } from '../../../parts/notify';

type Source = Schema<'RegisterSourceView'>;

const HOURS = Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: `${String(hour).padStart(2, '0')}:00` }));

const valuesOf = (source: Source | null) => ({ url: source?.url ?? '', name: source?.header_name ?? '', value: source?.header_value ?? '', hour: String(source?.hour ?? 3) });

export function RegisterSource({ source }: { source: Source | null }) {
  const { t } = useTranslation('rules');
  const [isOpen, setOpen] = useState(false);
  const form = useForm({
    initialValues: valuesOf(source),
    validate: {
      url: (told) => (/^https?:\/\/[^\s/]+/i.test(told.trim()) ? null : t('source.wrong.url')),
      value: (told, all) => ((told === '') === (all.name.trim() === '') ? null : t('source.wrong.header')),
    },
  });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = JSON.stringify(valuesOf(source));
  useEffect(() => {
    const values = JSON.parse(held) as ReturnType<typeof valuesOf>;
    setInitialValues(values);
    setValues(values);
    resetDirty(values);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const done = async (text: string) => {
    await refresh('settings');
    notify.done(text);
  };
  const save = useMutation({
    mutationFn: (told: typeof form.values) =>
      call(api.PUT('/api/v1/do-not-call/source', { body: { url: told.url.trim(), header_name: told.name.trim(), header_value: told.value, hour: Number(told.hour) } })),
    onSuccess: async () => {
      setOpen(false);
      await done(t('source.saved'));
    },
    onError: (failed) => {
      const { errors } = asProblem(failed);
      form.setErrors({ ...(errors.url ? { url: t('source.wrong.url') } : {}), ...(errors.header_name ? { name: t('source.wrong.name') } : {}), ...(errors.header_value ? { value: t('source.wrong.header') } : {}) });
      notify.failed(failed);
    },
  });
  const fetch = useMutation({ mutationFn: () => call(api.POST('/api/v1/do-not-call/source/fetch')), onSuccess: () => done(t('source.fetching')), onError: notify.failed });
  const remove = useMutation({ mutationFn: () => call(api.DELETE('/api/v1/do-not-call/source')), onSuccess: () => done(t('source.removed')), onError: notify.failed });
  const ask = async () => {
    if (await confirm({ title: t('source.sure'), text: t('source.sureText'), deed: t('source.remove'), isDangerous: true })) remove.mutate();
  };
  return (
    <Stack gap="sm" component="section" aria-label={t('source.title')}>
      <div>
        <Text fw={600} size="sm">{t('source.title')}</Text>
        <Text size="sm" c="dimmed">{t('source.text')}</Text>
      </div>
      {source && !isOpen && (
        <>
          {source.fault && <Note tone="bad" title={t('source.failed')}>{source.fault}</Note>}
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{source.url}</Text>
          <Text size="sm" c="dimmed">{t('source.daily', { hour: HOURS[source.hour]?.label ?? '' })} · {t('source.next')} <When at={source.next_at} />{source.fetched_at && <> · {t('source.last')} <When at={source.fetched_at} /></>}</Text>
          <Group gap="xs">
            <Button variant="default" leftSection={<IconCloudDownload size={17} aria-hidden />} loading={fetch.isPending} onClick={() => fetch.mutate()}>{t('source.fetch')}</Button>
            <Button variant="default" onClick={() => setOpen(true)}>{t('source.change')}</Button>
            <Button variant="subtle" color="red" leftSection={<IconTrash size={16} aria-hidden />} loading={remove.isPending} onClick={() => void ask()}>{t('source.remove')}</Button>
          </Group>
        </>
      )}
      {!source && !isOpen && <Anchor component="button" type="button" size="sm" underline="always" style={{ alignSelf: 'flex-start' }} onClick={() => setOpen(true)}>{t('source.begin')}</Anchor>}
      {isOpen && (
        <form noValidate onSubmit={form.onSubmit((told) => save.mutate(told))}>
          <Stack gap="sm">
            <TextInput label={t('source.url')} description={t('source.urlText')} placeholder="https://example.vn/dnc.csv" inputMode="url" autoComplete="off" maxLength={2_000} {...form.getInputProps('url')} />
            <SimpleGrid cols={{ base: 1, sm: 3 }}>
              <Select label={t('source.hour')} data={HOURS} allowDeselect={false} {...form.getInputProps('hour')} />
              <TextInput label={t('source.header')} description={t('source.optional')} placeholder="Authorization" autoComplete="off" maxLength={100} {...form.getInputProps('name')} />
              <PasswordInput label={t('source.value')} description={t('source.optional')} autoComplete="new-password" maxLength={2_000} visibilityToggleButtonProps={{ 'aria-label': t('source.show') }} {...form.getInputProps('value')} />
            </SimpleGrid>
            <Group gap="xs">
              <Button type="submit" loading={save.isPending}>{t('source.save')}</Button>
              <Button variant="default" onClick={() => { form.reset(); setOpen(false); }}>{t('source.cancel')}</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Stack>
  );
}
