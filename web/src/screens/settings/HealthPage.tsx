import { Button, Code, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { usePages } from '../../parts/usePages';
import { Note } from '../../parts/Note';
import { codeKey } from './codes';
import { Frame } from './Frame';

type Rejection = Schema<'RejectionView'>;
type SetAside = Schema<'SetAsideView'>;

export default function HealthPage() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const mayRead = useMay('people.read');
  const mayManage = useMay('workspace.manage');
  const query = useQuery({ queryKey: ['settings', 'condition'], queryFn: () => call(api.GET('/api/v1/condition')), refetchInterval: 5_000 });
  const now = query.data;
  const lag = now?.inbox_oldest_at ? Math.max(0, new Date(now.now).getTime() - new Date(now.inbox_oldest_at).getTime()) : 0;
  const isWell = now && lag < 60_000 && now.set_aside === 0;
  return (
    <Frame at="health" text={t('health.text')}>
      {query.error && !now ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : (
        <>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
            <Stat label={t('health.lag')} help={t('health.lagText')} isLoading={!now} value={lag < 1_000 ? t('health.noLag') : formats.duration(lag)} />
            <Stat label={t('health.waiting')} help={t('health.waitingText')} isLoading={!now} value={<Num value={now?.inbox_messages} />} />
            <Stat label={t('health.setAside')} help={t('health.setAsideText')} isLoading={!now} value={<Num value={now?.set_aside} />} />
            <Stat label={t('health.storage')} help={now?.database} isLoading={!now} value={formats.bytes(now?.storage_bytes ?? 0)} />
          </SimpleGrid>
          {isWell && <Note tone="good" icon={<IconCircleCheck aria-hidden />}><Text size="sm">{t('health.well')}</Text></Note>}
          {now && lag >= 60_000 && <Note tone="wait"><Text size="sm">{t('health.late')}</Text></Note>}
          {mayManage && <Aside />}
          {mayRead && <Rejections />}
        </>
      )}
    </Frame>
  );
}

function Aside() {
  const { t } = useTranslation('settings');
  const pages = usePages<SetAside>(['settings', 'aside'], (cursor) => call(api.GET('/api/v1/set-aside', { params: { query: { limit: 20, ...(cursor ? { cursor } : {}) } } })));
  if (!pages.error && pages.rows.length === 0) return null;
  const retry = async (row: SetAside) => {
    try {
      await call(api.POST('/api/v1/set-aside/{id}/retry', { params: { path: { id: row.id } } }));
      notify.done(t('health.retried'));
      await refresh('settings');
    } catch (failed) {
      notify.failed(failed);
    }
  };
  const drop = async (row: SetAside) => {
    if (!(await confirm({ title: t('health.dropTitle'), text: t('health.dropText', { count: row.items }), deed: t('health.drop'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/set-aside/{id}', { params: { path: { id: row.id } } }));
      await refresh('settings');
    } catch (failed) {
      notify.failed(failed);
    }
  };
  return (
    <Panel title={t('health.aside')} text={t('health.asideText')}>
      <DataTable<SetAside>
        records={pages.rows} error={pages.error} retry={pages.retry} more={pages.more}
        columns={[
          {
            accessor: 'error', title: t('health.error'),
            render: (row) => (
              <Stack gap={4}>
                <Text size="sm" fw={500}>{row.error}</Text>
                <Code style={{ overflowWrap: 'anywhere' }}>{row.sample.slice(0, 160)}</Code>
              </Stack>
            ),
          },
          { accessor: 'at', title: t('health.at'), render: (row) => <When at={row.at} />, visibleMediaQuery: '(min-width: 700px)' },
          {
            accessor: 'id', title: t('health.deeds'), textAlign: 'right',
            render: (row) => (
              <Group gap={4} justify="flex-end">
                <Button size="compact-sm" variant="default" leftSection={<IconRefresh size={15} />} onClick={() => void retry(row)}>{t('health.retry')}</Button>
                <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={15} />} onClick={() => void drop(row)}>{t('health.drop')}</Button>
              </Group>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function Rejections() {
  const { t } = useTranslation('settings');
  const pages = usePages<Rejection>(['settings', 'rejections'], (cursor) => call(api.GET('/api/v1/rejections', { params: { query: { limit: 25, ...(cursor ? { cursor } : {}) } } })));
  return (
    <Panel title={t('health.rejections')} text={t('health.rejectionsText')}>
      <DataTable<Rejection>
        fetching={pages.isPending} records={pages.rows.map((row, at) => ({ ...row, key: at }))} idAccessor="key" error={pages.error} retry={pages.retry} more={pages.more}
        columns={[
          {
            accessor: 'code', title: t('health.why'),
            render: (row) => (
              <div>
                <Text size="sm" fw={500}>{t(`health.code.${codeKey(row.code)}`, row.code)}</Text>
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{row.detail}</Text>
              </div>
            ),
          },
          { accessor: 'sample', title: t('health.sample'), visibleMediaQuery: '(min-width: 900px)', render: (row) => <Code style={{ overflowWrap: 'anywhere', whiteSpace: 'normal' }}>{row.sample.slice(0, 140)}</Code> },
          { accessor: 'at', title: t('health.at'), textAlign: 'right', render: (row) => <When at={row.at} /> },
        ]}
        empty={<Text size="sm" c="dimmed">{t('health.noRejections')}</Text>}
      />
    </Panel>
  );
}
