/** One list: who is on it; put on and taken off. */
import { ActionIcon, Anchor, Button, Group, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconEdit, IconTrash, IconUserMinus, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Money, useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { ProfilePicker } from '../../parts/pickers';
import { usePages } from '../../parts/usePages';
import { type List, ListDialog, listQuery, removeList } from './ListsPage';

type Profile = Schema<'ProfileView'>;

export default function ListPage() {
  const { t } = useTranslation('segments');
  const { t: common } = useTranslation('common');
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const navigate = useNavigate();
  const formats = useFormats();
  const mayChange = useMay('setup.change');
  const mayPut = useMay('people.change');
  const maySee = useMay('people.read');
  const [isEdited, setEdited] = useState(false);
  const list = useQuery(listQuery(id));
  const pages = usePages<Profile>(['segments', 'lists', id, 'members'], (cursor) =>
    call(api.GET('/api/v1/lists/{id}/members', { params: { path: { id }, query: { limit: 50, ...(cursor ? { cursor } : {}) } } })));
  if (list.isPending) return <PageSkeleton />;
  if (list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  const found = list.data as List;
  const put = async (change: { add?: string[]; remove?: string[] }): Promise<void> => {
    await call(api.POST('/api/v1/lists/{id}/members', { params: { path: { id } }, body: { add: change.add ?? [], remove: change.remove ?? [] } }));
    await refresh('segments');
  };
  const nameOf = (one: Profile): string => one.name ?? one.email ?? one.phone ?? common('nameless');
  const takeOff = async (one: Profile): Promise<void> => {
    try {
      await put({ remove: [one.id] });
      notify.undo(t('lists.taken_off', { name: nameOf(one) }), () => put({ add: [one.id] }));
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Page
      title={found.name} above={[{ title: t('lists.title'), to: '/lists' }]} text={found.description || t('lists.count', { count: found.count ?? 0, n: formats.number(found.count ?? 0) })}
      actions={mayChange && (
        <>
          <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => void removeList(found, t).then((gone) => gone && void navigate({ to: '/lists' }))}>{t('lists.delete')}</Button>
          <Button variant="default" leftSection={<IconEdit size={16} aria-hidden />} onClick={() => setEdited(true)}>{t('lists.edit')}</Button>
          <Button component={Link} to="/segments/new" search={{ from: JSON.stringify({ list: id }) } as never}>{t('lists.as_segment')}</Button>
        </>
      )}
    >
      {mayPut && (
        <Group align="flex-end">
          <ProfilePicker
            key={found.count} label={t('lists.put_on')} value={null} w={{ base: '100%', sm: 360 }}
            onChange={(profile) => profile && void put({ add: [profile] }).then(() => notify.done(t('lists.put_now')), notify.failed)}
          />
          <Text size="xs" c="dimmed">{t('lists.import_hint')}</Text>
        </Group>
      )}
      {maySee && (
        <DataTable<Profile>
          records={pages.rows} fetching={pages.isPending} error={pages.error} retry={pages.retry} more={pages.more} idAccessor="id"
          empty={<EmptyState Icon={IconUsers} title={t('lists.nobody')} text={t('lists.nobody_text')} />}
          columns={[
            {
              accessor: 'name', title: t('members.name'),
              render: (row) => (
                <div>
                  <Anchor component={Link} to={`/customers/${row.id}`} size="sm" fw={600}>{nameOf(row)}</Anchor>
                  {row.name && <Text size="xs" c="dimmed">{row.email ?? row.phone}</Text>}
                </div>
              ),
            },
            { accessor: 'revenue', title: t('members.revenue'), textAlign: 'right', render: (row) => <Money value={row.orders.revenue} currency={row.orders.currency} /> },
            { accessor: 'last_seen_at', title: t('members.seen'), visibleMediaQuery: '(min-width: 48em)', render: (row) => <When at={row.last_seen_at} /> },
            ...(mayPut
              ? [{
                  accessor: 'deeds', title: <VisuallyHidden>{t('list.deeds_column')}</VisuallyHidden>, width: 56, textAlign: 'right' as const,
                  render: (row: Profile) => <Tooltip label={t('lists.take_off')}><ActionIcon size={32} aria-label={t('lists.take_off_named', { name: nameOf(row) })} onClick={() => void takeOff(row)}><IconUserMinus size={16} aria-hidden /></ActionIcon></Tooltip>,
                }]
              : []),
          ]}
        />
      )}
      {isEdited && <ListDialog list={found} onClose={() => setEdited(false)} />}
    </Page>
  );
}
