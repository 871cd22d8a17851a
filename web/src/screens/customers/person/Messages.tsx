import { Anchor, Text } from '@mantine/core';
import { IconMailOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { DataTable } from '../../../parts/DataTable';
import { EmptyState } from '../../../parts/EmptyState';
import { When } from '../../../parts/format';
import { MessageState, useWords } from '../../../parts/Reason';
import { usePages } from '../../../parts/usePages';
import type { Profile } from './use';

type Message = Schema<'MessageView'>;

/** Everything that was to be sent, with what became of it and why. */
export default function Messages({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const list = usePages<Message>(['messages', 'of', profile.id], (cursor) =>
    call(api.GET('/api/v1/profiles/{id}/messages', { params: { path: { id: profile.id }, query: { limit: 50, ...(cursor ? { cursor } : {}) } } })));
  return (
    <DataTable<Message>
      records={list.rows} fetching={list.isPending} error={list.error} retry={list.retry} more={list.more} idAccessor="id"
      empty={<EmptyState Icon={IconMailOff} title={t('message.none')} text={t('message.noneText')} />}
      columns={[
        { accessor: 'decided_at', title: t('message.at'), width: 170, render: (one) => <When at={one.sent_at ?? one.decided_at} full /> },
        {
          accessor: 'template', title: t('message.what'), width: 260,
          render: (one) => (
            <>
              <Anchor component={Link} to={'/messages/$id' as string} params={{ id: one.id } as never} size="sm" fw={500}>{one.template ?? t('message.untitled')}</Anchor>
              <Text size="xs" c="dimmed">{words.channel(one.channel)} · {t(`message.origin.${one.origin}`)}</Text>
            </>
          ),
        },
        { accessor: 'state', title: t('message.state'), width: 130, render: (one) => <MessageState state={one.state} /> },
        { accessor: 'reason', title: t('message.why'), render: (one) => (one.reason ? <Text size="sm">{words.reason(one.reason)}</Text> : <Text size="sm" c="dimmed">{t('message.fine')}</Text>) },
      ]}
    />
  );
}
