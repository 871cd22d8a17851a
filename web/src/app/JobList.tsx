/** What runs and what has ended lately, with the way to its result. */
import { Anchor, Button, Group, Progress, ScrollArea, Skeleton, Stack, Text } from '@mantine/core';
import { IconArchive, IconFileExport, IconFileImport, IconRefresh } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import i18next from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../api';
import { confirm } from '../parts/confirm';
import { ErrorNote } from '../parts/ErrorNote';
import { useFormats, When } from '../parts/format';
import { notify } from '../parts/notify';
import { StatusBadge } from '../parts/StatusBadge';
import type { Tone } from '../theme/theme';
import { useMay } from './session';

type Job = Schema<'JobView'>;

interface Progressed {
  bytes_read?: number;
  bytes_total?: number;
  rows_taken?: number;
  rows_rejected?: number;
  rows?: number;
  /** From 0 to 1, of what is learned. */
  share?: number;
  undo_total?: number;
  undo_left?: number;
}

const ICONS: Record<string, typeof IconArchive> = { import: IconFileImport, export: IconFileExport, learn: IconRefresh };
const isOpen = (job: Job) => ['waiting', 'running', 'cancelling', 'undoing'].includes(job.state);
const progressOf = (job: Job) => (job.progress ?? {}) as Progressed;

/** From 0 to 100; `null` when nobody knows. */
function share(job: Job): number | null {
  const told = progressOf(job);
  if (job.state === 'undoing' && told.undo_total) return 100 * (1 - (told.undo_left ?? 0) / told.undo_total);
  if (told.share !== undefined) return 100 * told.share;
  if (told.bytes_total) return Math.min(100, (100 * (told.bytes_read ?? 0)) / told.bytes_total);
  return null;
}

function wayTo(job: Job): string | null {
  if (job.kind === 'import') return `/imports/${job.id}`;
  if (job.kind === 'learn') return '/predictions';
  return job.kind === 'export' ? '/exports' : null;
}

const TONES: Record<string, Tone> = { completed: 'good', failed: 'bad', cancelled: 'calm', undone: 'calm', waiting: 'calm', running: 'accent', cancelling: 'wait', undoing: 'wait' };

/** A word at the edge of the screen when work that was seen under way has ended. */
export function tellEnd(job: Job): void {
  void i18next.loadNamespaces('palette').then(() => {
    const text = i18next.t(`palette:ended.${job.state}`, { name: job.name || i18next.t(`palette:job.${job.kind}`) });
    if (job.state === 'failed') notify.failed(new Error(text));
    else notify.done(text);
  });
}

function Row({ job, close }: { job: Job; close: () => void }) {
  const { t } = useTranslation('palette');
  const formats = useFormats();
  const mayCancel = useMay('people.import');
  const [isAsked, setAsked] = useState(false);
  const Icon = ICONS[job.kind] ?? IconArchive;
  const part = share(job);
  const told = progressOf(job);
  const rows = told.rows_taken ?? told.rows;
  const way = wayTo(job);
  const name = job.name || t(`job.${job.kind}`);
  const cancel = async () => {
    const sure = await confirm({ title: t('stop.title'), text: t('stop.text', { name }), deed: t('stop.deed'), isDangerous: true });
    if (!sure) return;
    setAsked(true);
    await call(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id: job.id } } })).catch(notify.failed);
    setAsked(false);
  };
  return (
    <Group wrap="nowrap" align="flex-start" gap="sm" py={10} px="md" style={{ borderTop: '1px solid var(--ql-line)' }}>
      <Icon size={19} aria-hidden style={{ marginTop: 2, flex: 'none' }} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          {way ? <Anchor component={Link} to={way} size="sm" fw={500} truncate onClick={close}>{name}</Anchor> : <Text size="sm" fw={500} truncate>{name}</Text>}
          <StatusBadge tone={TONES[job.state] ?? 'calm'} style={{ flex: 'none' }}>{t(`state.${job.state}`)}</StatusBadge>
        </Group>
        {isOpen(job) && <Progress mt={6} value={part ?? 100} animated={part === null} size="sm" aria-label={t('progress', { name })} />}
        <Group justify="space-between" gap="xs" mt={4}>
          <Text size="xs" c="dimmed">
            {rows !== undefined && rows > 0 && `${t('rows', { count: rows, number: formats.number(rows) })} · `}
            {(told.rows_rejected ?? 0) > 0 && `${t('rejected', { count: told.rows_rejected, number: formats.number(told.rows_rejected ?? 0) })} · `}
            <When at={job.updated_at} />
          </Text>
          {isOpen(job) && job.state !== 'cancelling' && mayCancel && (
            <Button size="compact-xs" variant="subtle" color="gray" loading={isAsked} onClick={() => void cancel()}>{t('stop.button')}</Button>
          )}
        </Group>
      </div>
    </Group>
  );
}

export default function JobList({ query, close }: { query: UseQueryResult<Job[]>; close: () => void }) {
  const { t } = useTranslation('palette');
  return (
    <div>
      <Text fw={600} px="md" py="sm">{t('work')}</Text>
      {query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} m="md" />
      ) : !query.data ? (
        <Stack p="md">{[0, 1].map((at) => <Skeleton key={at} h={36} />)}</Stack>
      ) : query.data.length === 0 ? (
        <Text size="sm" c="dimmed" px="md" pb="lg">{t('noWork')}</Text>
      ) : (
        <ScrollArea.Autosize mah={420} type="auto">{query.data.map((job) => <Row key={job.id} job={job} close={close} />)}</ScrollArea.Autosize>
      )}
    </div>
  );
}
