import { Button, Code, Drawer, Group, Menu, SegmentedControl, Stack, Text, Timeline } from '@mantine/core';
import { IconChevronDown, IconPlayerPause, IconPlayerPlay, IconRefresh, IconSend, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { Note } from '../../parts/Note';
import { CopyBlock, ShownOnce } from './Copy';
import { Frame } from './Frame';
import { HookForm } from './HookForm';
import { HookState } from './WebhooksPage';

type Delivery = Schema<'HookDeliveryView'>;

export default function WebhookPage() {
  const { t } = useTranslation('settings');
  const { id } = useParams({ strict: false }) as { id: string };
  const go = useNavigate();
  const path = { params: { path: { id } } };
  const [secret, setSecret] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['settings', 'webhooks', id], queryFn: () => call(api.GET('/api/v1/webhooks/{id}', path)), refetchInterval: 5_000 });
  const hook = query.data;
  const deed = useMutation({ mutationFn: (act: () => Promise<unknown>) => act(), onSuccess: () => refresh('settings'), onError: notify.failed });
  const test = () => deed.mutate(async () => {
    await call(api.POST('/api/v1/webhooks/{id}/test', path));
    notify.done(t('hooks.tested'));
  });
  const turn = (state: 'active' | 'paused') => deed.mutate(() => call(api.PATCH('/api/v1/webhooks/{id}', { ...path, body: { state } })));
  const rotate = async () => {
    if (!(await confirm({ title: t('hooks.rotateTitle'), text: t('hooks.rotateText'), deed: t('hooks.rotate') }))) return;
    deed.mutate(async () => setSecret((await call(api.POST('/api/v1/webhooks/{id}/secret', path))).secret));
  };
  const remove = async () => {
    if (!hook || !(await confirm({ title: t('hooks.removeTitle', { name: hook.name }), text: t('hooks.removeText'), deed: t('hooks.remove'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/webhooks/{id}', path));
      await go({ to: '/settings/webhooks' });
      await refresh('settings');
    } catch (failed) {
      notify.failed(failed);
    }
  };
  return (
    <Frame
      at="webhooks" title={hook?.name ?? t('section.webhooks')} above={[{ title: t('section.webhooks'), to: '/settings/webhooks' }]} badge={hook && <HookState hook={hook} />}
      text={hook && <span style={{ overflowWrap: 'anywhere' }}>{hook.url}</span>}
      actions={hook && (
        <>
          <Menu position="bottom-end">
            <Menu.Target><Button variant="default" rightSection={<IconChevronDown size={16} />}>{t('hooks.more')}</Button></Menu.Target>
            <Menu.Dropdown>
              {hook.state === 'active'
                ? <Menu.Item leftSection={<IconPlayerPause size={16} />} onClick={() => turn('paused')}>{t('hooks.pause')}</Menu.Item>
                : <Menu.Item leftSection={<IconPlayerPlay size={16} />} onClick={() => turn('active')}>{t('hooks.resume')}</Menu.Item>}
              <Menu.Item leftSection={<IconRefresh size={16} />} onClick={() => void rotate()}>{t('hooks.rotate')}</Menu.Item>
              <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => void remove()}>{t('hooks.remove')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Button leftSection={<IconSend size={16} />} onClick={test} loading={deed.isPending}>{t('hooks.test')}</Button>
        </>
      )}
    >
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !hook ? <PageSkeleton /> : (
        <Stack gap="lg">
          {secret && <ShownOnce secret={secret} title={t('hooks.made')} text={t('hooks.rotatedText')} />}
          {hook.state === 'disabled' && (
            <Note tone="bad" title={t('hooks.disabledTitle')}><Stack gap="xs" align="flex-start"><Text size="sm">{t('hooks.disabledText')}</Text><Button size="compact-md" onClick={() => turn('active')}>{t('hooks.resume')}</Button></Stack></Note>
          )}
          {hook.state !== 'disabled' && hook.failing_since && <Note tone="wait"><Text size="sm">{t('hooks.failingText')} <When at={hook.failing_since} full /></Text></Note>}
          <Deliveries id={id} />
          <Panel title={t('hooks.change')}>
            <HookForm
              key={hook.updated_at} initial={{ name: hook.name, url: hook.url, topics: hook.topics }} deed={t('hooks.save')}
              save={async (told) => {
                await call(api.PATCH('/api/v1/webhooks/{id}', { ...path, body: told }));
                await refresh('settings');
                notify.done(t('saved'));
              }}
            />
          </Panel>
          <Panel title={t('hooks.verify')} text={t('hooks.verifyText')}><CopyBlock label={t('hooks.verify')} text={VERIFY} /></Panel>
        </Stack>
      )}
    </Frame>
  );
}

const VERIFY = `import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.QUAYLAI_SECRET);

app.post('/quaylai', express.text({ type: '*/*' }), (request, response) => {
  const message = webhook.verify(request.body, request.headers);
  response.sendStatus(204);
});`;

const TONES: Record<string, 'good' | 'wait' | 'bad'> = { delivered: 'good', waiting: 'wait', failed: 'bad' };

function Deliveries({ id }: { id: string }) {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const [state, setState] = useState('');
  const [seen, setSeen] = useState<Delivery | null>(null);
  const pages = usePages<Delivery>(['settings', 'webhooks', id, 'deliveries', state], (cursor) =>
    call(api.GET('/api/v1/webhooks/{id}/deliveries', { params: { path: { id }, query: { limit: 25, ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) } } })));
  const shown = seen && (pages.rows.find((row) => row.id === seen.id) ?? seen);
  const resend = async (row: Delivery) => {
    try {
      await call(api.POST('/api/v1/webhooks/{id}/deliveries/{delivery}/resend', { params: { path: { id, delivery: row.id } } }));
      notify.done(t('hooks.resent'));
      await refresh('settings');
    } catch (failed) {
      notify.failed(failed);
    }
  };
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text component="h2" fw={600} size="lg">{t('hooks.log')}</Text>
        <Group gap="xs">
          <SegmentedControl aria-label={t('hooks.stateLabel')} value={state} onChange={setState} size="xs" data={['', 'delivered', 'waiting', 'failed'].map((one) => ({ value: one, label: t(`hooks.filter.${one || 'all'}`) }))} />
          <Button variant="default" size="compact-md" leftSection={<IconRefresh size={15} />} loading={pages.isFetching} onClick={pages.retry}>{t('hooks.refresh')}</Button>
        </Group>
      </Group>
      <DataTable<Delivery>
        fetching={pages.isPending} records={pages.rows} error={pages.error} retry={pages.retry} more={pages.more} noRecordsText={t('hooks.nothing')}
        onRowClick={({ record }) => setSeen(record)}
        columns={[
          {
            accessor: 'topic', title: t('hooks.message'),
            render: (row) => <Button variant="transparent" p={0} h="auto" c="inherit" fw={500} onClick={() => setSeen(row)} aria-label={t('hooks.open', { topic: row.topic, id: row.id })}>{row.topic}</Button>,
          },
          { accessor: 'state', title: t('hooks.stateLabel'), render: (row) => <StatusBadge tone={TONES[row.state] ?? 'wait'}>{t(`hooks.delivery.${row.state}`)}</StatusBadge> },
          { accessor: 'status', title: 'HTTP', textAlign: 'right', render: (row) => row.status ?? '–', visibleMediaQuery: '(min-width: 700px)' },
          { accessor: 'attempts', title: t('hooks.attempts'), textAlign: 'right', render: (row) => formats.number(row.attempts), visibleMediaQuery: '(min-width: 700px)' },
          { accessor: 'created_at', title: t('hooks.at'), textAlign: 'right', render: (row) => <When at={row.created_at} /> },
        ]}
      />
      <Drawer opened={!!shown} onClose={() => setSeen(null)} closeButtonProps={{ 'aria-label': t('common:close') }} title={shown?.topic} size="lg">
        {shown && (
          <Stack>
            <Group>
              <StatusBadge tone={TONES[shown.state] ?? 'wait'}>{t(`hooks.delivery.${shown.state}`)}</StatusBadge>
              <Text size="sm" c="dimmed" ff="monospace">{shown.message_id}</Text>
            </Group>
            {shown.next_at && <Text size="sm">{t('hooks.next')} <When at={shown.next_at} full /></Text>}
            <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={() => void resend(shown)} style={{ alignSelf: 'flex-start' }}>{t('hooks.resend')}</Button>
            <div>
              <Text size="sm" fw={600} mb={4}>{t('hooks.body')}</Text>
              <Code block tabIndex={0} role="region" aria-label={t('hooks.body')}>{pretty(shown.body)}</Code>
            </div>
            <Text size="sm" fw={600}>{t('hooks.attemptsOf')}</Text>
            {shown.log.length === 0 ? <Text size="sm" c="dimmed">{t('hooks.noAttempt')}</Text> : (
              <Timeline bulletSize={14} lineWidth={2} active={-1}>
                {[...shown.log].reverse().map((one, at) => (
                  <Timeline.Item key={at} title={<Text size="sm" fw={600}>{one.status ? `HTTP ${one.status}` : t('hooks.noAnswer')} · {formats.number(one.duration_ms)} ms</Text>}>
                    <Text size="xs" c="dimmed"><When at={one.at} full /></Text>
                    {one.error && <Text size="sm">{one.error}</Text>}
                    {one.answer && <Code block mt={4} tabIndex={0} style={{ maxHeight: 160, overflow: 'auto' }}>{one.answer}</Code>}
                  </Timeline.Item>
                ))}
              </Timeline>
            )}
          </Stack>
        )}
      </Drawer>
    </Stack>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
