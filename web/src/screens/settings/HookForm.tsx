import { Button, Checkbox, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { notify } from '../../parts/notify';

export interface HookValues {
  name: string;
  url: string;
  topics: string[];
}

/** Where to tell, and what. */
export function HookForm({ initial, deed, save }: { initial: HookValues; deed: string; save: (told: HookValues) => Promise<unknown> }) {
  const { t } = useTranslation('settings');
  const topics = useQuery({ queryKey: ['settings', 'topics'], queryFn: () => call(api.GET('/api/v1/webhooks/topics')), staleTime: Infinity });
  const form = useForm<HookValues>({
    initialValues: initial,
    validate: {
      name: (told) => (told.trim() ? null : t('hooks.wrong.name')),
      url: (told) => (/^https?:\/\/[^\s/]+/.test(told.trim()) ? null : t('hooks.wrong.url')),
      topics: (told) => (told.length > 0 ? null : t('hooks.wrong.topics')),
    },
  });
  const all = topics.data?.items ?? [];
  const groups = [...new Set(all.map((topic) => topic.split('.')[0]))];
  return (
    <form
      onSubmit={form.onSubmit(async (told) => {
        try {
          await save({ name: told.name.trim(), url: told.url.trim(), topics: told.topics });
          form.resetDirty();
        } catch (failed) {
          form.setErrors(Object.fromEntries(Object.keys(asProblem(failed).errors).map((field) => [field, t(`hooks.wrong.${field}`)])));
          notify.failed(failed);
        }
      })}
    >
      <Stack>
        <TextInput label={t('hooks.name')} placeholder={t('hooks.namePlaceholder')} maxLength={100} data-autofocus {...form.getInputProps('name')} />
        <TextInput label={t('hooks.url')} type="url" description={t('hooks.urlText')} placeholder="https://erp.shop.vn/quaylai" {...form.getInputProps('url')} />
        <Checkbox.Group {...form.getInputProps('topics')} label={t('hooks.topics')}>
          <SimpleGrid cols={{ base: 1, sm: 2 }} mt={6} spacing="md">
            {groups.map((group) => (
              <Stack key={group} gap={6}>
                <Text size="xs" fw={600} c="dimmed">{t(`hooks.group.${group}`)}</Text>
                {all.filter((topic) => topic.startsWith(`${group}.`)).map((topic) => <Checkbox key={topic} value={topic} label={t(`hooks.topic.${topic.replace('.', '_')}`)} />)}
              </Stack>
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <Group justify="flex-end"><Button type="submit" loading={form.submitting}>{deed}</Button></Group>
      </Stack>
    </form>
  );
}
