import { Button, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Num, When } from '../../parts/format';
import { StatusBadge } from '../../parts/StatusBadge';
import { ShownOnce } from './Copy';
import { Frame } from './Frame';
import { HookForm } from './HookForm';

type Hook = Schema<'HookView'>;

export function HookState({ hook }: { hook: Hook }) {
  const { t } = useTranslation('settings');
  if (hook.state === 'disabled') return <StatusBadge tone="bad">{t('hooks.state.disabled')}</StatusBadge>;
  if (hook.state === 'paused') return <StatusBadge tone="calm">{t('hooks.state.paused')}</StatusBadge>;
  return hook.failing_since ? <StatusBadge tone="wait">{t('hooks.state.failing')}</StatusBadge> : <StatusBadge tone="good">{t('hooks.state.active')}</StatusBadge>;
}

export default function WebhooksPage() {
  const { t } = useTranslation('settings');
  const go = useNavigate();
  const [isOpen, { open, close }] = useDisclosure();
  const [made, setMade] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['settings', 'webhooks'], queryFn: () => call(api.GET('/api/v1/webhooks')) });
  const add = <Button leftSection={<IconPlus size={16} />} onClick={open}>{t('hooks.add')}</Button>;
  return (
    <Frame at="webhooks" text={t('hooks.text')} actions={(query.data?.items.length ?? 0) > 0 && add}>
      {made && <ShownOnce secret={made} title={t('hooks.made')} text={t('hooks.madeText')} />}
      <DataTable<Hook>
        fetching={query.isPending} records={query.data?.items} error={query.error} retry={() => void query.refetch()}
        onRowClick={({ record }) => void go({ to: `/settings/webhooks/${record.id}` })}
        columns={[
          {
            accessor: 'name', title: t('hooks.name'),
            render: (row) => (
              <div>
                <Text component={Link} to={`/settings/webhooks/${row.id}`} size="sm" fw={600} c="inherit" td="none">{row.name}</Text>
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{row.url}</Text>
              </div>
            ),
          },
          { accessor: 'state', title: t('hooks.stateLabel'), render: (row) => <HookState hook={row} /> },
          { accessor: 'waiting', title: t('hooks.waiting'), textAlign: 'right', render: (row) => <Num value={row.waiting} />, visibleMediaQuery: '(min-width: 700px)' },
          { accessor: 'delivered_at', title: t('hooks.last'), textAlign: 'right', render: (row) => <When at={row.delivered_at} />, visibleMediaQuery: '(min-width: 700px)' },
        ]}
        empty={<EmptyState Icon={IconWebhook} title={t('hooks.empty')} text={t('hooks.emptyText')} action={add} />}
      />
      <Modal opened={isOpen} onClose={close} closeButtonProps={{ 'aria-label': t('common:close') }} title={t('hooks.add')} size="lg">
        <HookForm
          initial={{ name: '', url: '', topics: [] }} deed={t('hooks.add')}
          save={async (told) => {
            const answer = await call(api.POST('/api/v1/webhooks', { body: told }));
            setMade(answer.secret);
            close();
            await refresh('settings');
          }}
        />
      </Modal>
    </Frame>
  );
}
