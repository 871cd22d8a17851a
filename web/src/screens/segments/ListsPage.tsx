/** Lists: people put together by hand. */
import { ActionIcon, Anchor, Button, Group, Menu, Modal, Skeleton, Stack, Text, Textarea, TextInput, VisuallyHidden } from '@mantine/core';
import { IconDots, IconEdit, IconList, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh, type Problem, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';

export type List = Schema<'ListView'>;

export const listQuery = (id: string) => ({
  queryKey: ['segments', 'lists', id] as const,
  queryFn: () => call(api.GET('/api/v1/lists/{id}', { params: { path: { id } } })),
  staleTime: 30_000,
});

/** Everybody on a list is counted, so each row asks for itself. */
function Count({ id }: { id: string }) {
  const list = useQuery(listQuery(id));
  return list.isPending ? <Skeleton h={16} w={40} /> : <Num value={list.data?.count} />;
}

export function ListDialog({ list, onClose, onMade }: { list: List | null; onClose: () => void; onMade?: (list: List) => void }) {
  const { t } = useTranslation('segments');
  const [name, setName] = useState(list?.name ?? '');
  const [description, setDescription] = useState(list?.description ?? '');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSaving, setSaving] = useState(false);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (name.trim() === '') return;
    setSaving(true);
    try {
      const body = { name: name.trim(), description: description.trim() };
      const made = list ? await call(api.PATCH('/api/v1/lists/{id}', { params: { path: { id: list.id } }, body })) : await call(api.POST('/api/v1/lists', { body }));
      await refresh('segments');
      notify.done(t(list ? 'lists.saved' : 'lists.made', { name: made.name }));
      onClose();
      onMade?.(made);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setSaving(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={t(list ? 'lists.edit' : 'lists.create')} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
      <form onSubmit={(event) => void save(event)}>
        <Stack>
          <TextInput label={t('name')} value={name} maxLength={200} data-autofocus onChange={(event) => setName(event.currentTarget.value)} placeholder={t('lists.name_example')} error={problem?.code === 'name_taken' ? t('name_taken') : undefined} />
          <Textarea label={t('description')} value={description} maxLength={2000} autosize minRows={2} onChange={(event) => setDescription(event.currentTarget.value)} />
          {problem && problem.code !== 'name_taken' && <ErrorNote error={problem} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{t('cancel')}</Button>
            <Button type="submit" loading={isSaving} disabled={name.trim() === ''}>{t(list ? 'save' : 'lists.create')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export async function removeList(list: List, t: (key: string, values?: Record<string, unknown>) => string): Promise<boolean> {
  const isSure = await confirm({ title: t('lists.delete_title', { name: list.name }), text: t('lists.delete_text'), deed: t('lists.delete'), isDangerous: true });
  if (!isSure) return false;
  try {
    await call(api.DELETE('/api/v1/lists/{id}', { params: { path: { id: list.id } } }));
    await refresh('segments');
    notify.done(t('lists.deleted', { name: list.name }));
    return true;
  } catch (error) {
    notify.failed(error);
    return false;
  }
}

export default function ListsPage() {
  const { t } = useTranslation('segments');
  const navigate = useNavigate();
  const mayChange = useMay('setup.change');
  const [edited, setEdited] = useState<List | 'new' | null>(null);
  const lists = useQuery({ queryKey: ['segments', 'lists'], queryFn: () => call(api.GET('/api/v1/lists')) });
  const create = mayChange && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setEdited('new')}>{t('lists.create')}</Button>;
  return (
    <Page title={t('lists.title')} text={t('lists.text')} actions={create}>
      <DataTable<List>
        records={lists.data?.items ?? []} fetching={lists.isPending} error={lists.error} retry={() => void lists.refetch()} idAccessor="id"
        empty={<EmptyState Icon={IconList} title={t('lists.empty')} text={t('lists.empty_text')} action={create} />}
        onRowClick={({ record }) => void navigate({ to: `/lists/${record.id}` })} rowClassName="ql-row-link"
        columns={[
          {
            accessor: 'name', title: t('list.name'),
            render: (row) => (
              <div>
                <Anchor component={Link} to={`/lists/${row.id}`} fw={600} size="sm" onClick={(event) => event.stopPropagation()}>{row.name}</Anchor>
                {row.description && <Text size="xs" c="dimmed" lineClamp={1}>{row.description}</Text>}
              </div>
            ),
          },
          { accessor: 'count', title: t('list.count'), textAlign: 'right', width: 120, render: (row) => <Count id={row.id} /> },
          { accessor: 'updated_at', title: t('list.updated'), width: 150, visibleMediaQuery: '(min-width: 48em)', render: (row) => <When at={row.updated_at} /> },
          ...(mayChange
            ? [{
                accessor: 'deeds', title: <VisuallyHidden>{t('list.deeds_column')}</VisuallyHidden>, width: 56, textAlign: 'right' as const,
                render: (row: List) => (
                  <Menu position="bottom-end">
                    <Menu.Target><ActionIcon size={32} aria-label={t('list.deeds', { name: row.name })} onClick={(event) => event.stopPropagation()}><IconDots size={16} aria-hidden /></ActionIcon></Menu.Target>
                    <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
                      <Menu.Item leftSection={<IconEdit size={15} aria-hidden />} onClick={() => setEdited(row)}>{t('lists.edit')}</Menu.Item>
                      <Menu.Item color="red" leftSection={<IconTrash size={15} aria-hidden />} onClick={() => void removeList(row, t)}>{t('lists.delete')}</Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                ),
              }]
            : []),
        ]}
      />
      {edited !== null && <ListDialog list={edited === 'new' ? null : edited} onClose={() => setEdited(null)} onMade={(made) => edited === 'new' && void navigate({ to: `/lists/${made.id}` })} />}
    </Page>
  );
}
