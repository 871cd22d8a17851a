import { ActionIcon, Button, Group, Progress, Stack, Text, Tooltip } from '@mantine/core';
import { IconDatabase, IconDownload, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useLive } from '../../api/live';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { CopyBlock } from './Copy';
import { Frame } from './Frame';

type Job = Schema<'JobView'>;
interface Far { done?: number; total?: number; bytes?: number; rows?: number; error?: string }

const TONES: Record<string, 'good' | 'wait' | 'bad' | 'calm'> = { completed: 'good', failed: 'bad', cancelled: 'calm' };
const RESTORE = `systemctl stop quaylai
quaylai restore quaylai-2026-11-22.backup --data /var/lib/quaylai
systemctl start quaylai`;

export default function BackupsPage() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const pages = usePages<Job>(['jobs', 'backups'], (cursor) => call(api.GET('/api/v1/backups', { params: { query: { limit: 25, ...(cursor ? { cursor } : {}) } } })));
  useLive('job', useCallback(() => void refresh('jobs'), []));
  const make = useMutation({
    mutationFn: () => call(api.POST('/api/v1/backups')),
    onSuccess: async () => {
      await refresh('jobs');
      notify.done(t('backups.begun'));
    },
    onError: notify.failed,
  });
  const remove = async (job: Job) => {
    if (!(await confirm({ title: t('backups.removeTitle'), text: t('backups.removeText'), deed: t('backups.remove'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/backups/{id}', { params: { path: { id: job.id } } }));
      await refresh('jobs');
    } catch (failed) {
      notify.failed(failed);
    }
  };
  const add = <Button leftSection={<IconPlus size={16} />} loading={make.isPending} onClick={() => make.mutate()}>{t('backups.make')}</Button>;
  return (
    <Frame at="backups" text={t('backups.text')} actions={pages.rows.length > 0 && add}>
      <DataTable<Job>
        fetching={pages.isPending} records={pages.rows} error={pages.error} retry={pages.retry} more={pages.more}
        columns={[
          { accessor: 'created_at', title: t('backups.at'), render: (row) => <When at={row.created_at} full /> },
          {
            accessor: 'state', title: t('backups.state'),
            render: (row) => {
              const far = row.progress as Far;
              const isRunning = ['running', 'waiting', 'cancelling'].includes(row.state);
              return (
                <Stack gap={4}>
                  <StatusBadge tone={TONES[row.state] ?? 'wait'}>{t(`backups.states.${row.state}`, row.state)}</StatusBadge>
                  {isRunning && !!far.total && <Progress value={(100 * (far.done ?? 0)) / far.total} w={120} aria-label={t('backups.progress')} />}
                  {row.state === 'failed' && far.error && <Text size="xs" c="var(--ql-bad)">{far.error}</Text>}
                </Stack>
              );
            },
          },
          { accessor: 'progress', title: t('backups.size'), textAlign: 'right', visibleMediaQuery: '(min-width: 700px)', render: (row) => { const { bytes } = row.progress as Far; return bytes ? formats.bytes(bytes) : '–'; } },
          {
            accessor: 'id', title: t('backups.deeds'), textAlign: 'right',
            render: (row) => (
              <Group gap={4} justify="flex-end" wrap="nowrap">
                {row.state === 'completed' && <Button component="a" href={`/api/v1/backups/${row.id}/download`} download size="compact-sm" variant="default" leftSection={<IconDownload size={15} />}>{t('backups.download')}</Button>}
                {!['running', 'waiting'].includes(row.state) && <Tooltip label={t('backups.remove')}><ActionIcon color="red" aria-label={t('backups.removeLabel', { name: row.name })} onClick={() => void remove(row)}><IconTrash size={16} /></ActionIcon></Tooltip>}
              </Group>
            ),
          },
        ]}
        empty={<EmptyState Icon={IconDatabase} title={t('backups.empty')} text={t('backups.emptyText')} action={add} />}
      />
      <Panel title={t('backups.restore')} text={t('backups.restoreText')}>
        <Stack gap="sm">
          <CopyBlock text={RESTORE} label={t('backups.restore')} />
          <Text size="sm">{t('backups.secret')}</Text>
          <Text size="sm">{t('backups.law')}</Text>
        </Stack>
      </Panel>
    </Frame>
  );
}
