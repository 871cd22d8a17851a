import { Anchor, Group, Text } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../api';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Money, Num, When } from '../../parts/format';
import { StageBadge } from '../../parts/Reason';
import { usePages } from '../../parts/usePages';

type Member = Schema<'MemberView'>;

/** Who is in it, since when. */
export default function Members({ id }: { id: string }) {
  const { t } = useTranslation('segments');
  const { t: common } = useTranslation('common');
  const navigate = useNavigate();
  const pages = usePages<Member>(['segments', id, 'members'], (cursor) =>
    call(api.GET('/api/v1/segments/{id}/members', { params: { path: { id }, query: { limit: 50, ...(cursor ? { cursor } : {}) } } })));
  return (
    <DataTable<Member>
      records={pages.rows} fetching={pages.isPending} error={pages.error} retry={pages.retry} more={pages.more} idAccessor="profile_id"
      empty={<EmptyState Icon={IconUsers} title={t('members.none')} text={t('members.none_text')} />} onRowClick={({ record }) => void navigate({ to: `/customers/${record.profile_id}` })} rowClassName="ql-row-link"
      columns={[
        {
          accessor: 'name', title: t('members.name'),
          render: (row) => (
            <div style={{ minWidth: 160 }}>
              <Anchor component={Link} to={`/customers/${row.profile_id}`} size="sm" fw={600} onClick={(event) => event.stopPropagation()}>{row.name ?? row.email ?? row.phone ?? common('nameless')}</Anchor>
              {row.name && (row.email ?? row.phone) && <Text size="xs" c="dimmed">{row.email ?? row.phone}</Text>}
            </div>
          ),
        },
        { accessor: 'stage', title: t('members.stage'), visibleMediaQuery: '(min-width: 48em)', render: (row) => <StageBadge stage={row.lifecycle.stage} /> },
        { accessor: 'orders', title: t('members.orders'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (row) => <Num value={row.orders.count} /> },
        { accessor: 'revenue', title: t('members.revenue'), textAlign: 'right', render: (row) => <Group justify="flex-end" gap={0}><Money value={row.orders.revenue} currency={row.orders.currency} /></Group> },
        { accessor: 'entered_at', title: t('members.since'), visibleMediaQuery: '(min-width: 48em)', render: (row) => <When at={row.entered_at} /> },
      ]}
    />
  );
}
