import { Button, Card, Group, Select, Skeleton, Stack, Table, Tabs, Text, TextInput } from '@mantine/core';
import { IconBroadcast, IconKey, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useEventWords } from '../../parts/events';
import { useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Note } from '../../parts/Note';
import { codeKey } from './codes';
import { CopyBlock } from './Copy';
import { Frame } from './Frame';
import { snippets } from './snippets';
import classes from './tracking.module.css';

type Heard = Schema<'RecentlyHeard'>['items'][number];

const LISTEN_MS = 2_000;
const FRESH_MS = 60_000;

/** What the server has heard of late, asked again every two seconds while somebody looks. */
function useHeard() {
  return useQuery({
    queryKey: ['settings', 'heard'], queryFn: () => call(api.GET('/api/v1/tracking/recent')), refetchInterval: LISTEN_MS, staleTime: 0,
  });
}

export default function TrackingPage() {
  const { t } = useTranslation('settings');
  const heard = useHeard();
  const mayMake = useMay('keys.manage');
  const condition = useQuery({ queryKey: ['settings', 'condition'], queryFn: () => call(api.GET('/api/v1/condition')) });
  const [chosen, setChosen] = useState<string | null>(null);
  // A key is shown when it is made; one that was made before is put in by hand.
  const [key, setKey] = useState('');
  const make = useMutation({
    mutationFn: () => call(api.POST('/api/v1/keys', { body: { kind: 'write', name: t('tracking.keyName'), scopes: [] } })),
    onSuccess: async (made) => {
      setKey(made.key);
      setChosen(made.id);
      await refresh('settings');
      notify.done(t('tracking.made'));
    },
    onError: notify.failed,
  });
  const keys = heard.data?.keys ?? [];
  const host = (condition.data?.public_url || window.location.origin).replace(/\/$/, '');
  const shown = key.trim() || t('tracking.yourKey');
  return (
    <Frame at="tracking" text={t('tracking.text')}>
      {heard.error && !heard.data ? <ErrorNote error={heard.error} retry={() => void heard.refetch()} /> : (
        <Stack gap="lg">
          <Listening heard={heard.data} />
          <Panel title={t('tracking.install')} text={t('tracking.installText')}>
            <Stack>
              <Group align="flex-end" gap="sm">
                {keys.length > 0 && (
                  <Select
                    label={t('tracking.keys')} clearable value={chosen} onChange={setChosen} w={260}
                    data={keys.map((one) => ({ value: one.key_id, label: `${one.name || t('keys.nameless')} · ${one.hint}` }))}
                  />
                )}
                <TextInput
                  label={t('tracking.key')} value={key} onChange={(event) => setKey(event.currentTarget.value)} style={{ flex: '1 1 240px' }}
                  placeholder={keys.find((one) => one.key_id === chosen)?.hint ?? 'qw_…'} autoComplete="off"
                />
                {mayMake && <Button variant={keys.length ? 'default' : 'filled'} leftSection={<IconKey size={16} />} loading={make.isPending} onClick={() => make.mutate()}>{t('tracking.make')}</Button>}
              </Group>
              {!key && keys.length > 0 && <Text size="xs" c="dimmed">{t('tracking.keyOnce')}</Text>}
              <Tabs defaultValue="web" keepMounted={false}>
                <Tabs.List>{snippets.map((one) => <Tabs.Tab key={one.id} value={one.id}>{one.name}</Tabs.Tab>)}</Tabs.List>
                {snippets.map((one) => (
                  <Tabs.Panel key={one.id} value={one.id} pt="md">
                    <Stack gap="sm">
                      <Text size="sm">{t(`tracking.how.${one.id}`)}</Text>
                      <CopyBlock text={one.code(shown, host)} label={one.name} />
                    </Stack>
                  </Tabs.Panel>
                ))}
              </Tabs>
              {key && <Try secret={key} host={host} />}
            </Stack>
          </Panel>
          <Rejected />
        </Stack>
      )}
    </Frame>
  );
}

function Listening({ heard }: { heard: Schema<'RecentlyHeard'> | undefined }) {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const events = useEventWords();
  const items = heard?.items ?? [];
  const last = items.find((one) => !one.refused);
  const isFresh = !!heard && !!last && new Date(heard.now).getTime() - new Date(last.at).getTime() < FRESH_MS;
  const state = !heard ? 'waiting' : isFresh ? 'hears' : last ? 'heard' : 'waiting';
  return (
    <Card component="section" aria-label={t('tracking.live')}>
      <Group gap="md" wrap="nowrap" mb={items.length ? 'md' : 0}>
        <span className={classes.pulse} data-state={state} aria-hidden />
        <div role="status" aria-live="polite">
          <Text fw={600} size="lg">{t(`tracking.state.${state}`)}</Text>
          <Text size="sm" c="dimmed">
            {last ? t('tracking.lastHeard', { name: events.name(last.name) || t(`tracking.kind.${last.kind}`, last.kind), ago: formats.ago(last.at) }) : t('tracking.nothingYet')}
          </Text>
        </div>
      </Group>
      {!heard && <Skeleton h={60} mt="md" />}
      {items.length > 0 && (
        <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label={t('tracking.list')}>
          <Table verticalSpacing={6} miw={520}>
            <Table.Thead>
              <Table.Tr><Table.Th>{t('tracking.event')}</Table.Th><Table.Th>{t('tracking.source')}</Table.Th><Table.Th>{t('tracking.library')}</Table.Th><Table.Th ta="right">{t('tracking.at')}</Table.Th></Table.Tr>
            </Table.Thead>
            <Table.Tbody>{items.slice(0, 12).map((one) => <HeardRow key={one.no} item={one} />)}</Table.Tbody>
          </Table>
        </div>
      )}
    </Card>
  );
}

function HeardRow({ item }: { item: Heard }) {
  const { t } = useTranslation('settings');
  const said = useEventWords().name(item.name);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <StatusBadge tone={item.refused ? 'bad' : item.kind === 'track' && !item.name ? 'wait' : 'good'}>{t(`tracking.kind.${item.kind}`, item.kind)}</StatusBadge>
          <div>
            <Text size="sm" fw={500}>{said}{said !== item.name && <Text span size="xs" c="dimmed" fw={400} ml={6}>{item.name}</Text>}</Text>
            {!item.name && item.kind === 'track' && !item.refused && <Text size="xs" c="var(--ql-wait)">{t('health.code.event_missing')}</Text>}
            {item.refused && <Text size="xs" c="var(--ql-bad)">{t(`tracking.refused.${item.refused}`, item.detail)}</Text>}
          </div>
        </Group>
      </Table.Td>
      <Table.Td><Text size="sm">{item.host || '–'}</Text></Table.Td>
      <Table.Td><Text size="sm" c="dimmed">{item.library || '–'}</Text></Table.Td>
      <Table.Td ta="right"><When at={item.at} /></Table.Td>
    </Table.Tr>
  );
}

/** Sends one event as the snippet would, so that nobody has to wait for a visitor. */
function Try({ secret, host }: { secret: string; host: string }) {
  const { t } = useTranslation('settings');
  const send = useMutation({
    mutationFn: async () => {
      const body = JSON.stringify({
        writeKey: secret.trim(), event: t('tracking.tryEvent'), anonymousId: 'quaylai-test', messageId: `test-${Date.now()}`,
        context: { page: { url: window.location.origin }, library: { name: 'quaylai-test', version: '1' } },
      });
      const answer = await fetch(`${host === window.location.origin ? '' : host}/v1/track`, { method: 'POST', body });
      if (!answer.ok) throw new Error(t('tracking.tryFailed'));
    },
    onSuccess: () => refresh('settings'),
    onError: notify.failed,
  });
  return (
    <Group>
      <Button variant="light" leftSection={<IconPlayerPlay size={16} />} loading={send.isPending} onClick={() => send.mutate()}>{t('tracking.try')}</Button>
      <Text size="xs" c="dimmed">{t('tracking.tryText')}</Text>
    </Group>
  );
}

function Rejected() {
  const { t } = useTranslation('settings');
  const may = useMay('people.read');
  const query = useQuery({
    queryKey: ['settings', 'rejections', 'short'], enabled: may, refetchInterval: 10_000,
    queryFn: () => call(api.GET('/api/v1/rejections', { params: { query: { limit: 5 } } })),
  });
  if (!query.data || query.data.items.length === 0) return null;
  return (
    <Panel title={t('tracking.rejected')} text={t('tracking.rejectedText')}>
      <Stack gap="sm">
        {query.data.items.map((one, at) => (
          <Note key={at} tone="wait" icon={<IconBroadcast aria-hidden />}>
            <Text size="sm" fw={600}>{t(`health.code.${codeKey(one.code)}`, one.code)}</Text>
            <Text size="xs">{one.detail}</Text>
            <Text size="xs" c="dimmed"><When at={one.at} /></Text>
          </Note>
        ))}
      </Stack>
    </Panel>
  );
}
