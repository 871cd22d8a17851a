import { Button, Checkbox, Group, Modal, Radio, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { StatusBadge } from '../../parts/StatusBadge';
import { ShownOnce } from './Copy';
import { Frame } from './Frame';

type Key = Schema<'KeyView'>;
const SCOPES = ['read', 'write', 'send', 'admin'] as const;

export default function KeysPage() {
  const { t } = useTranslation('settings');
  const [isOpen, { open, close }] = useDisclosure();
  const [made, setMade] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const query = useQuery({ queryKey: ['settings', 'keys'], queryFn: () => call(api.GET('/api/v1/keys')) });
  const keys = query.data?.items;
  const rows = keys?.filter((one) => all || !one.revoked_at).reverse();
  const add = <Button leftSection={<IconPlus size={16} />} onClick={open}>{t('keys.add')}</Button>;
  const revoke = async (key: Key) => {
    const name = key.name || key.hint;
    if (!(await confirm({ title: t('keys.revokeTitle', { name }), text: t(`keys.revokeText.${key.kind}`), deed: t('keys.revoke'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/keys/{id}', { params: { path: { id: key.id } } }));
      await refresh('settings');
      notify.done(t('keys.revoked'));
    } catch (failed) {
      notify.failed(failed);
    }
  };
  return (
    <Frame at="keys" text={t('keys.text')} actions={(keys?.length ?? 0) > 0 && add}>
      {made && <ShownOnce secret={made} title={t('keys.made')} text={t('keys.madeText')} />}
      <DataTable<Key>
        fetching={query.isPending} records={rows} error={query.error} retry={() => void query.refetch()}
        columns={[
          {
            accessor: 'name', title: t('keys.name'),
            render: (row) => (
              <div>
                <Text size="sm" fw={600}>{row.name || t('keys.nameless')}</Text>
                <Text size="xs" c="dimmed" ff="monospace">{row.hint}</Text>
              </div>
            ),
          },
          {
            accessor: 'kind', title: t('keys.may'),
            render: (row) => (
              <Group gap={4}>
                {row.revoked_at ? <StatusBadge tone="calm">{t('keys.isRevoked')}</StatusBadge> : row.kind === 'write' ? <StatusBadge tone="good">{t('keys.onlyTracks')}</StatusBadge>
                  : row.scopes.map((scope) => <StatusBadge key={scope} tone={scope === 'admin' ? 'wait' : 'calm'}>{t(`keys.scope.${scope}`)}</StatusBadge>)}
              </Group>
            ),
          },
          { accessor: 'used_at', title: t('keys.used'), render: (row) => (row.used_at ? <When at={row.used_at} /> : <Text size="sm" c="dimmed">{t('keys.never')}</Text>), visibleMediaQuery: '(min-width: 700px)' },
          { accessor: 'created_at', title: t('keys.created'), render: (row) => <When at={row.created_at} dateOnly />, visibleMediaQuery: '(min-width: 900px)' },
          {
            accessor: 'id', title: <VisuallyHidden>{t('keys.revoke')}</VisuallyHidden>, textAlign: 'right',
            render: (row) => !row.revoked_at && <Button size="compact-sm" variant="subtle" color="red" onClick={() => void revoke(row)} aria-label={t('keys.revokeLabel', { name: row.name || row.hint })}>{t('keys.revoke')}</Button>,
          },
        ]}
        empty={<EmptyState Icon={IconKey} title={t('keys.empty')} text={t('keys.emptyText')} action={add} />}
      />
      {keys?.some((one) => one.revoked_at) && <Checkbox label={t('keys.showRevoked')} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />}
      <Modal opened={isOpen} onClose={close} closeButtonProps={{ 'aria-label': t('common:close') }} title={t('keys.add')}>
        <AddForm done={(secret) => { setMade(secret); close(); }} />
      </Modal>
    </Frame>
  );
}

function AddForm({ done }: { done: (secret: string) => void }) {
  const { t } = useTranslation('settings');
  const form = useForm({
    initialValues: { name: '', kind: 'write', scopes: ['read'] as string[] },
    validate: {
      name: (told) => (told.trim() ? null : t('keys.wrong.name')),
      scopes: (told, values) => (values.kind === 'secret' && told.length === 0 ? t('keys.wrong.scopes') : null),
    },
  });
  const add = useMutation({
    mutationFn: (told: typeof form.values) => call(api.POST('/api/v1/keys', { body: { kind: told.kind, name: told.name.trim(), scopes: told.kind === 'secret' ? told.scopes : [] } })),
    onSuccess: async (made) => {
      await refresh('settings');
      done(made.key);
    },
    onError: notify.failed,
  });
  return (
    <form onSubmit={form.onSubmit((told) => add.mutate(told))}>
      <Stack>
        <TextInput label={t('keys.name')} description={t('keys.nameText')} placeholder={t('keys.namePlaceholder')} maxLength={100} data-autofocus {...form.getInputProps('name')} />
        <Radio.Group label={t('keys.kind')} {...form.getInputProps('kind')}>
          <Stack gap="xs" mt={6}>
            {['write', 'secret'].map((kind) => <Radio key={kind} value={kind} label={t(`keys.kinds.${kind}`)} description={t(`keys.kindText.${kind}`)} />)}
          </Stack>
        </Radio.Group>
        {form.values.kind === 'secret' && (
          <Checkbox.Group label={t('keys.may')} {...form.getInputProps('scopes')}>
            <Stack gap="xs" mt={6}>
              {SCOPES.map((scope) => <Checkbox key={scope} value={scope} label={t(`keys.scope.${scope}`)} description={t(`keys.scopeText.${scope}`)} />)}
            </Stack>
          </Checkbox.Group>
        )}
        <Button type="submit" loading={add.isPending}>{t('keys.add')}</Button>
      </Stack>
    </form>
  );
}
