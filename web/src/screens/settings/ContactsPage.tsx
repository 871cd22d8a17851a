/** Chats and webhooks by which journeys notify the shop's own people. */
import { ActionIcon, Button, Group, Modal, PasswordInput, Select, Stack, Text, TextInput, Tooltip, VisuallyHidden } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconEdit, IconPlus, IconSend, IconTrash, IconUsers } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Frame } from './Frame';

const KINDS = ['telegram', 'slack', 'discord', 'zalo', 'webhook'] as const;
type Kind = (typeof KINDS)[number];
const NAMES: Record<Kind, string | null> = { telegram: 'Telegram', slack: 'Slack', discord: 'Discord', zalo: 'Zalo', webhook: null };

interface Contact {
  /** `telegram:ops` */
  name: string;
  updated_at: string;
  bot_token?: string;
  chat_id?: string;
  base_url?: string;
  url?: string;
  user_id?: string;
}

const kindOf = (contact: Contact) => contact.name.split(':')[0] as Kind;
const wordOf = (contact: Contact) => contact.name.split(':').slice(1).join(':');

export default function ContactsPage() {
  const { t } = useTranslation('contacts');
  const may = useMay('workspace.manage');
  const [edited, setEdited] = useState<Contact | 'new' | null>(null);
  const query = useQuery({ queryKey: ['settings', 'contacts'], queryFn: async () => (await call(api.GET('/api/v1/staff-contacts'))).items as unknown as Contact[] });
  const trial = useMutation({
    mutationFn: (name: string) => call(api.POST('/api/v1/staff-contacts/{name}/test', { params: { path: { name } } })),
    onSuccess: (answer, name) => (answer.ok ? notify.done(t('sent', { name })) : notify.failed(new Error(answer.detail))),
    onError: notify.failed,
  });
  const remove = async (contact: Contact) => {
    if (!(await confirm({ title: t('removeTitle', { name: contact.name }), text: t('removeText'), deed: t('remove'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/staff-contacts/{name}', { params: { path: { name: contact.name } } }));
      await refresh('settings');
      notify.done(t('removed'));
    } catch (failed) {
      notify.failed(failed);
    }
  };
  const add = may && <Button leftSection={<IconPlus size={16} />} onClick={() => setEdited('new')}>{t('add')}</Button>;
  return (
    <Frame at="contacts" text={t('text')} actions={(query.data?.length ?? 0) > 0 && add}>
      <DataTable<Contact>
        fetching={query.isPending} records={query.data} idAccessor="name" error={query.error} retry={() => void query.refetch()}
        columns={[
          { accessor: 'kind', title: t('kind'), render: (row) => <Text size="sm" fw={600}>{NAMES[kindOf(row)] ?? t('webhook')}</Text> },
          { accessor: 'name', title: t('name'), render: (row) => <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>{row.name}</Text> },
          { accessor: 'updated_at', title: t('updated'), render: (row) => <When at={row.updated_at} />, visibleMediaQuery: '(min-width: 800px)' },
          {
            accessor: 'deeds', title: <VisuallyHidden>{t('deeds')}</VisuallyHidden>, textAlign: 'right',
            render: (row) => may && (
              <Group gap={4} justify="flex-end" wrap="nowrap">
                <Tooltip label={t('try')}><ActionIcon aria-label={t('tryOf', { name: row.name })} loading={trial.isPending && trial.variables === row.name} onClick={() => trial.mutate(row.name)}><IconSend size={17} /></ActionIcon></Tooltip>
                <Tooltip label={t('change')}><ActionIcon aria-label={t('changeOf', { name: row.name })} onClick={() => setEdited(row)}><IconEdit size={17} /></ActionIcon></Tooltip>
                <Tooltip label={t('remove')}><ActionIcon aria-label={t('removeOf', { name: row.name })} onClick={() => void remove(row)}><IconTrash size={17} /></ActionIcon></Tooltip>
              </Group>
            ),
          },
        ]}
        empty={<EmptyState Icon={IconUsers} title={t('empty')} text={t('emptyText')} action={add} />}
      />
      <Modal opened={edited !== null} onClose={() => setEdited(null)} closeButtonProps={{ 'aria-label': t('common:close') }} title={edited === 'new' ? t('add') : t('change')}>
        {edited !== null && <ContactForm key={edited === 'new' ? '' : edited.name} contact={edited === 'new' ? null : edited} taken={query.data?.map((one) => one.name) ?? []} done={() => setEdited(null)} />}
      </Modal>
    </Frame>
  );
}

function ContactForm({ contact, taken, done }: { contact: Contact | null; taken: string[]; done: () => void }) {
  const { t } = useTranslation('contacts');
  const form = useForm({
    initialValues: {
      kind: (contact ? kindOf(contact) : 'telegram') as Kind, word: contact ? wordOf(contact) : '', bot_token: '', chat_id: contact?.chat_id ?? '', url: '', user_id: contact?.user_id ?? '',
    },
    validate: {
      word: (word, { kind }) => (!/^[a-z0-9_-]{1,40}$/.test(word.trim()) ? t('wrong.word') : !contact && taken.includes(`${kind}:${word.trim()}`) ? t('wrong.taken') : null),
    },
  });
  const { kind } = form.values;
  const save = useMutation({
    mutationFn: (told: typeof form.values) => {
      const secret = (name: 'bot_token' | 'url') => (told[name].trim() ? { [name]: told[name].trim() } : {});
      const body = told.kind === 'telegram' ? { chat_id: told.chat_id.trim(), ...(contact?.base_url ? { base_url: contact.base_url } : {}), ...secret('bot_token') } : told.kind === 'zalo' ? { user_id: told.user_id.trim() } : secret('url');
      return call(api.PUT('/api/v1/staff-contacts/{name}', { params: { path: { name: `${told.kind}:${told.word.trim()}` } }, body: body as Record<string, never> }));
    },
    onSuccess: async () => {
      await refresh('settings');
      notify.done(t('saved'));
      done();
    },
    onError: (failed) => {
      const known = Object.keys(asProblem(failed).errors).filter((field) => ['bot_token', 'chat_id', 'url', 'user_id'].includes(field));
      form.setErrors(Object.fromEntries(known.map((field) => [field, t(`wrong.${field}`)])));
      if (known.length === 0) notify.failed(failed);
    },
  });
  const below = { inputWrapperOrder: ['label', 'input', 'description', 'error'] as ('label' | 'input' | 'description' | 'error')[] };
  const kept = (held: unknown) => (held ? t('kept') : undefined);
  return (
    <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
      <Stack>
        <Select label={t('kind')} allowDeselect={false} disabled={!!contact} data={KINDS.map((one) => ({ value: one, label: NAMES[one] ?? t('webhook') }))} {...form.getInputProps('kind')} />
        <TextInput {...below} label={t('word')} description={t('wordText', { name: `${kind}:${form.values.word.trim() || 'ops'}` })} required disabled={!!contact} maxLength={40} placeholder="ops" data-autofocus {...form.getInputProps('word')} />
        {kind === 'telegram' && (
          <>
            <PasswordInput {...below} label={t('botToken')} description={t('botTokenText')} required={!contact?.bot_token} autoComplete="new-password" placeholder={kept(contact?.bot_token)} visibilityToggleButtonProps={{ 'aria-label': t('show') }} {...form.getInputProps('bot_token')} />
            <TextInput {...below} label={t('chatId')} description={t('chatIdText')} required placeholder="-1001234567890" {...form.getInputProps('chat_id')} />
          </>
        )}
        {(kind === 'slack' || kind === 'discord' || kind === 'webhook') && (
          <PasswordInput {...below} label={t('url')} description={t(`urlText.${kind}`)} required={!contact?.url} autoComplete="new-password" placeholder={kept(contact?.url) ?? 'https://'} visibilityToggleButtonProps={{ 'aria-label': t('show') }} {...form.getInputProps('url')} />
        )}
        {kind === 'zalo' && <TextInput {...below} label={t('userId')} description={t('userIdText')} required inputMode="numeric" {...form.getInputProps('user_id')} />}
        <Button type="submit" loading={save.isPending}>{t('save')}</Button>
      </Stack>
    </form>
  );
}
