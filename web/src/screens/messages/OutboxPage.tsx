/** What people would have got, read as in their own inbox. For shops whose messages stay at home, such as the demo. */
import { Avatar, Button, Group, Paper, ScrollArea, SegmentedControl, Skeleton, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { IconArrowLeft, IconInbox, IconMailOpened, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { initials } from '../../parts/person';
import { useWords } from '../../parts/Reason';
import { usePages } from '../../parts/usePages';
import { Body } from './Body';
import { messageQuery } from './MessagePage';
import type { Line } from './model';
import classes from './outbox.module.css';

interface Search {
  id?: string;
  q?: string;
  channel?: string;
  profile_id?: string;
}

export default function OutboxPage() {
  const { t } = useTranslation('messages');
  const words = useWords();
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const isNarrow = useMediaQuery('(max-width: 62em)') ?? false;
  const change = (more: Partial<Search>) => void navigate({ to: '/outbox', search: { ...search, ...more } as never, replace: !more.id });
  const [typed, setTyped] = useState(search.q ?? '');
  const [wanted] = useDebouncedValue(typed, 300);
  const query = { state: 'sent', channel: search.channel, profile_id: search.profile_id, search: wanted || undefined };
  const pages = usePages<Line>(['messages', 'outbox', query], (cursor) => call(api.GET('/api/v1/messages', { params: { query: { ...query, limit: 40, cursor } } })));
  const shown = search.id ?? (isNarrow ? undefined : pages.rows[0]?.id);
  const person = search.profile_id ? pages.rows[0]?.name : undefined;
  return (
    <Page title={t('outbox.title')} text={t('outbox.text')} above={[{ title: t('title'), to: '/messages' }]}>
      <Paper withBorder className={classes.box} data-narrow={isNarrow || undefined}>
        {!(isNarrow && shown) && (
          <div className={classes.list}>
            <Stack gap="xs" p="sm" style={{ borderBottom: '1px solid var(--ql-line)' }} role="search">
              <TextInput aria-label={t('search')} placeholder={t('search')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} leftSection={<IconSearch size={16} aria-hidden />} maxLength={200} />
              <SegmentedControl size="xs" fullWidth aria-label={t('filter.channel')} value={search.channel ?? ''} onChange={(channel) => change({ channel: channel || undefined, id: undefined })} data={[{ value: '', label: t('outbox.every') }, ...['email', 'sms', 'zalo'].map((channel) => ({ value: channel, label: words.channel(channel) }))]} />
              {search.profile_id && <Button size="compact-sm" variant="light" onClick={() => change({ profile_id: undefined, id: undefined })}>{t('outbox.only', { name: person || t('nameless') })}</Button>}
            </Stack>
            <ScrollArea className={classes.scroll} type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('outbox.list') }}>
              {pages.error ? <ErrorNote error={pages.error} retry={pages.retry} m="sm" /> : pages.isPending ? <Stack p="sm">{[0, 1, 2, 3, 4].map((at) => <Skeleton key={at} h={62} />)}</Stack> : pages.rows.length === 0 ? (
                <EmptyState Icon={IconInbox} title={t('outbox.emptyTitle')} text={t('outbox.emptyText')} />
              ) : (
                <>
                  {pages.rows.map((row) => (
                    <UnstyledButton key={row.id} className={classes.row} aria-current={row.id === shown || undefined} onClick={() => change({ id: row.id })}>
                      <Avatar radius="xl" size={36} aria-hidden>{initials(row.name || row.address || '?')}</Avatar>
                      <div style={{ minWidth: 0, flex: 1 }}>
                        <Group justify="space-between" wrap="nowrap" gap="xs"><Text size="sm" fw={600} truncate>{row.name || row.address || t('nameless')}</Text><Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}><When at={row.sent_at ?? row.decided_at} /></Text></Group>
                        <Text size="sm" lineClamp={1}>{row.subject ?? row.template_name ?? t('noWords')}</Text>
                        <Text size="xs" c="dimmed" lineClamp={1}>{words.channel(row.channel)} · {row.campaign_name ?? row.journey_name ?? t(`origin.${row.origin}`)}</Text>
                      </div>
                    </UnstyledButton>
                  ))}
                  {pages.more && <Group justify="center" p="sm"><Button size="sm" variant="default" onClick={pages.more.load} loading={pages.more.isLoading}>{t('outbox.older')}</Button></Group>}
                </>
              )}
            </ScrollArea>
          </div>
        )}
        {(!isNarrow || shown) && (
          <div className={classes.mail}>
            {isNarrow && <Button variant="subtle" color="gray" m="sm" leftSection={<IconArrowLeft size={16} aria-hidden />} onClick={() => change({ id: undefined })}>{t('outbox.back')}</Button>}
            {shown ? <Mail id={shown} onlyOf={(id) => change({ profile_id: id, id: undefined })} /> : <EmptyState Icon={IconMailOpened} title={t('outbox.chooseTitle')} text={t('outbox.chooseText')} />}
          </div>
        )}
      </Paper>
    </Page>
  );
}

function Mail({ id, onlyOf }: { id: string; onlyOf: (profile: string) => void }) {
  const { t } = useTranslation('messages');
  const query = useQuery(messageQuery(id));
  if (query.isPending) return <Stack p="lg"><Skeleton h={28} w="60%" /><Skeleton h={420} /></Stack>;
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} m="lg" />;
  const message = query.data;
  return (
    <Stack p="lg" gap="md">
      <div>
        <Text component="h2" fz="xl" fw={600} m={0}>{message.subject ?? message.template_name ?? t('noWords')}</Text>
        <Group gap="sm" mt={4}>
          <Text size="sm">{t('outbox.to')} <b>{message.name || message.address || t('nameless')}</b>{message.name && message.address ? ` <${message.address}>` : ''}</Text>
          <Text size="sm" c="dimmed"><When at={message.sent_at ?? message.decided_at} full /></Text>
        </Group>
        <Group gap="xs" mt="xs">
          <Button size="compact-sm" variant="default" component={Link} to={`/messages/${message.id}`}>{t('outbox.why')}</Button>
          {message.profile_id && <Button size="compact-sm" variant="default" onClick={() => onlyOf(message.profile_id)}>{t('outbox.onlyThis')}</Button>}
        </Group>
      </div>
      <Body message={message} />
    </Stack>
  );
}
