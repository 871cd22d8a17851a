import { ActionIcon, Button, Group, Loader, Modal, Radio, SegmentedControl, SimpleGrid, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconDownload, IconFileExport, IconPlayerStop, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { useFormats, When } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { SegmentPicker } from '../../parts/pickers';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import type { Tone } from '../../theme/theme';
import { useWatch } from '../imports/useWatch';

type Job = Schema<'JobView'>;

const LISTS = ['profiles', 'orders', 'events', 'products', 'messages', 'consents', 'segments', 'segment-members', 'journeys', 'everything'];
const SINCE = ['orders', 'events', 'messages', 'consents'];
const OPEN = ['waiting', 'running', 'cancelling'];
const TONES: Record<string, Tone> = { completed: 'good', failed: 'bad', cancelled: 'calm', waiting: 'wait', running: 'accent', cancelling: 'wait' };
const LIMIT = 30;
const WIDE = '(min-width: 48em)';

interface Plan {
  list?: string;
  format?: string;
  segment?: string;
  since?: number;
}

interface Outcome {
  rows?: number;
  rows_written?: number;
  bytes?: number;
  error?: string | null;
}

function NewExport({ close }: { close: () => void }) {
  const { t } = useTranslation(['exports', 'common']);
  const [list, setList] = useState('profiles');
  const [format, setFormat] = useState('csv');
  const [segment, setSegment] = useState<string | null>(null);
  const [since, setSince] = useState('');
  const [isBusy, setBusy] = useState(false);
  const needsSegment = list === 'segment-members';
  const takesFormat = list !== 'everything';
  const make = async () => {
    setBusy(true);
    const body = {
      list, columns: [],
      ...(takesFormat ? { format } : {}),
      ...(segment && needsSegment ? { segment } : {}),
      ...(since && SINCE.includes(list) ? { since: new Date(since).toISOString() } : {}),
    };
    try {
      await call(api.POST('/api/v1/exports', { body }));
      await refresh('jobs');
      notify.done(t('begun'));
      close();
    } catch (error) {
      notify.failed(error);
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <Stack>
        <Radio.Group value={list} onChange={setList} label={t('what')}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" mt={6}>
            {LISTS.map((one) => (
              <Radio.Card key={one} value={one} p="sm" radius="md" aria-label={t(`list.${one}`)}>
                <Group wrap="nowrap" gap="sm" align="flex-start">
                  <Radio.Indicator mt={2} />
                  <div><Text size="sm" fw={600}>{t(`list.${one}`)}</Text><Text size="xs" c="dimmed">{t(`listText.${one}`)}</Text></div>
                </Group>
              </Radio.Card>
            ))}
          </SimpleGrid>
        </Radio.Group>
        {needsSegment && <SegmentPicker label={t('segment')} value={segment} onChange={setSegment} required />}
        {SINCE.includes(list) && <TextInput type="date" label={t('since')} description={t('sinceText')} value={since} onChange={(event) => setSince(event.currentTarget.value)} />}
        {takesFormat && (
          <div>
            <Text size="sm" fw={500} mb={6}>{t('format')}</Text>
            <SegmentedControl fullWidth aria-label={t('format')} value={format} onChange={setFormat} data={[{ value: 'csv', label: t('csv') }, { value: 'jsonl', label: t('jsonl') }]} />
          </div>
        )}
        <Note tone="wait">{t('careful')}</Note>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('cancel', { ns: 'common' })}</Button>
          <Button type="submit" loading={isBusy} disabled={needsSegment && !segment}>{t('go')}</Button>
        </Group>
      </Stack>
    </form>
  );
}

export default function ExportsPage() {
  const { t } = useTranslation(['exports', 'common']);
  const formats = useFormats();
  const [isMaking, setMaking] = useState(false);
  const list = usePages<Job>(['jobs', 'exports'], (cursor) => call(api.GET('/api/v1/exports', { params: { query: { limit: LIMIT, cursor } } })));
  useWatch(list.rows.some((job) => OPEN.includes(job.state)), list.retry);
  const act = async (deed: () => Promise<unknown>) => {
    try {
      await deed();
      await refresh('jobs');
    } catch (error) {
      notify.failed(error);
    }
  };
  const remove = async (job: Job) => {
    if (!(await confirm({ title: t('remove'), text: t('removeText'), deed: t('remove'), isDangerous: true }))) return;
    await act(() => call(api.DELETE('/api/v1/exports/{id}', { params: { path: { id: job.id } } })));
  };
  const make = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>{t('new')}</Button>;
  const listOf = (job: Job) => (job.plan as Plan | null)?.list ?? 'profiles';
  return (
    <Page title={t('title')} text={t('text')} actions={list.rows.length > 0 && make}>
      <DataTable<Job>
        records={list.isPending ? undefined : list.rows} fetching={list.isPending} error={list.error} retry={list.retry} more={list.more} idAccessor="id"
        empty={<Panel><EmptyState Icon={IconFileExport} title={t('emptyTitle')} text={t('emptyText')} action={make} /></Panel>}
        columns={[
          {
            accessor: 'name', title: t('what'),
            render: (job) => {
              const plan = (job.plan ?? {}) as Plan;
              return (
                <div>
                  <Text size="sm" fw={600}>{t(`list.${listOf(job)}`)}</Text>
                  <Text size="xs" c="dimmed">{[plan.format?.toUpperCase(), plan.since ? t('from', { date: formats.date(plan.since) }) : ''].filter(Boolean).join(' · ')}</Text>
                </div>
              );
            },
          },
          {
            accessor: 'state', title: t('stateTitle'),
            render: (job) => (
              <Group gap={6} wrap="nowrap">
                {OPEN.includes(job.state) && <Loader size={14} aria-hidden />}
                <StatusBadge tone={TONES[job.state] ?? 'calm'}>{t(`state.${job.state}`)}</StatusBadge>
                {job.state === 'failed' && <Text size="xs" c="dimmed">{(job.progress as Outcome | null)?.error}</Text>}
              </Group>
            ),
          },
          { accessor: 'created_at', title: t('when'), visibleMediaQuery: WIDE, render: (job) => <When at={job.created_at} /> },
          {
            accessor: 'actions', title: <VisuallyHidden>{t('actions')}</VisuallyHidden>, textAlign: 'right',
            render: (job) => (
              <Group gap={4} justify="flex-end" wrap="nowrap">
                {job.state === 'completed' && <Button component="a" href={`/api/v1/exports/${job.id}/download`} size="compact-md" variant="light" leftSection={<IconDownload size={15} aria-hidden />}>{t('download')}</Button>}
                {OPEN.includes(job.state)
                  ? <ActionIcon aria-label={t('stop')} title={t('stop')} onClick={() => void act(() => call(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id: job.id } } })))}><IconPlayerStop size={17} /></ActionIcon>
                  : <ActionIcon aria-label={t('removeOf', { what: t(`list.${listOf(job)}`) })} title={t('remove')} onClick={() => void remove(job)}><IconTrash size={17} /></ActionIcon>}
              </Group>
            ),
          },
        ]}
      />
      <Modal opened={isMaking} onClose={() => setMaking(false)} title={t('new')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        {isMaking && <NewExport close={() => setMaking(false)} />}
      </Modal>
    </Page>
  );
}
