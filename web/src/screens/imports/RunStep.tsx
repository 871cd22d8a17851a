import { Button, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconArrowBackUp, IconCircleCheck, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconUsers } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, refresh } from '../../api';
import { confirm } from '../../parts/confirm';
import { Num, Percent, useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { Note } from '../../parts/Note';
import { isUnderWay, type Job, jobQuery, kindOf, progressOf, shareOf } from './job';
import { RejectedTable } from './RejectedTable';
import { Steps } from './Steps';

const WINDOW = 8;

/** How fast it goes by what was seen of late: rows a second, and how long the rest takes. */
function usePace(rows: number, share: number, isMoving: boolean): { perSecond: number; leftMs: number | null } {
  const seen = useRef<{ at: number; rows: number; share: number }[]>([]);
  const [pace, setPace] = useState<{ perSecond: number; leftMs: number | null }>({ perSecond: 0, leftMs: null });
  useEffect(() => {
    if (!isMoving) {
      seen.current = [];
      setPace({ perSecond: 0, leftMs: null });
      return;
    }
    const now = performance.now();
    seen.current = [...seen.current.slice(1 - WINDOW), { at: now, rows, share }];
    const first = seen.current[0];
    if (!first || now - first.at < 500) return;
    const seconds = (now - first.at) / 1_000;
    const moved = (share - first.share) / seconds;
    setPace({ perSecond: Math.max(0, (rows - first.rows) / seconds), leftMs: moved > 0 ? Math.ceil((1 - share) / moved) * 1_000 : null });
  }, [rows, share, isMoving]);
  return pace;
}

export function RunStep({ job }: { job: Job }) {
  const { t } = useTranslation('imports');
  const formats = useFormats();
  const kind = kindOf(job);
  const progress = progressOf(job);
  const share = shareOf(job);
  const moving = isUnderWay(job);
  const pace = usePace(progress.rows_read, share, moving);
  const [isBusy, setBusy] = useState(false);
  const act = async (deed: 'pause' | 'resume' | 'cancel' | 'undo') => {
    setBusy(true);
    const params = { params: { path: { id: job.id } } };
    try {
      const asked = { pause: () => api.POST('/api/v1/imports/{id}/pause', params), resume: () => api.POST('/api/v1/imports/{id}/resume', params), cancel: () => api.POST('/api/v1/imports/{id}/cancel', params), undo: () => api.POST('/api/v1/imports/{id}/undo', params) };
      queries.setQueryData(jobQuery(job.id).queryKey, await call(asked[deed]()));
      await refresh('jobs');
    } catch (error) {
      notify.failed(error);
    }
    setBusy(false);
  };
  const stop = async () => {
    if (await confirm({ title: t('run.stop'), text: t('run.stopText'), deed: t('run.stop'), isDangerous: true })) await act('cancel');
  };
  const undo = async () => {
    if (await confirm({ title: t('run.undo'), text: t('run.undoText', { name: job.name }), deed: t('run.undo'), isDangerous: true })) await act('undo');
  };
  const isPaused = job.state === 'paused';
  const mayUndo = ['completed', 'cancelled', 'failed'].includes(job.state) && progress.rows_taken > 0;
  const place = { profiles: '/customers', orders: '/customers', products: '/content', events: '/customers' }[kind];
  return (
    <Stack gap="lg">
      <Steps at={job.state === 'completed' ? 4 : 3} />
      {(moving || isPaused) && (
        <Panel>
          <Stack gap="md">
            <Group justify="space-between" align="flex-end">
              <div>
                <Text fw={600} size="lg">{isPaused ? t('run.paused') : progress.phase ? t(`phase.${progress.phase}`) : t(`state.${job.state}`)}</Text>
                <Text size="sm" c="dimmed" role="status">
                  {isPaused ? t('run.pausedText') : pace.perSecond > 0 ? t('run.pace', { rows: formats.number(Math.round(pace.perSecond)) }) : t('run.begun')}
                  {!isPaused && pace.leftMs !== null && share < 0.99 && ` · ${t('run.left', { time: formats.duration(pace.leftMs) })}`}
                </Text>
              </div>
              <Text className="ql-big" fz="2rem"><Percent value={share} digits={0} /></Text>
            </Group>
            <Progress value={share * 100} size="lg" radius="xl" animated={moving} aria-label={t('progressOf', { name: job.name })} />
            <Group justify="space-between">
              <Text size="sm" c="dimmed">{t('run.leave')}</Text>
              <Group gap="xs">
                {(job.state === 'running' || job.state === 'waiting') && <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => void act('pause')} loading={isBusy}>{t('run.pause')}</Button>}
                {isPaused && <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => void act('resume')} loading={isBusy}>{t('run.resume')}</Button>}
                {job.state !== 'cancelling' && job.state !== 'undoing' && <Button variant="subtle" color="red" leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={() => void stop()}>{t('run.stop')}</Button>}
              </Group>
            </Group>
          </Stack>
        </Panel>
      )}
      {job.state === 'completed' && <Note tone="good" icon={<IconCircleCheck aria-hidden />} role="status" title={t('run.done')}>{t('run.doneText')}</Note>}
      {job.state === 'undone' && <Note tone="calm" icon={<IconArrowBackUp aria-hidden />} role="status" title={t('run.undone')}>{t('run.undoneText')}</Note>}
      {job.state === 'cancelled' && <Note tone="wait" role="status" title={t('run.stopped')}>{t('run.stoppedText')}</Note>}
      {job.state === 'failed' && <Note tone="bad" role="alert" title={t('run.failed')}><Text size="sm">{progress.error ?? t('run.failedText')}</Text></Note>}
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Stat label={t('run.read')} value={<Num value={progress.rows_read} />} />
        <Stat label={t('taken')} value={<Num value={progress.rows_taken} />} />
        <Stat label={t('rejectedTitle')} value={<Num value={progress.rows_rejected} />} />
        {kind === 'orders'
          ? <Stat label={t('run.orders')} value={<Num value={progress.orders} />} />
          : <Stat label={t('run.took')} value={progress.ended_at > progress.started_at && progress.started_at > 0 ? formats.duration(Math.max(1_000, progress.ended_at - progress.started_at)) : '–'} />}
      </SimpleGrid>
      <RejectedTable id={job.id} count={progress.rows_rejected} rows={progress.rejected} />
      {!moving && !isPaused && (
        <Group justify="space-between">
          <Text size="sm" c="dimmed">{t('run.at')} <When at={job.created_at} full /></Text>
          <Group gap="xs">
            {mayUndo && <Button variant="default" leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={() => void undo()} loading={isBusy}>{t('run.undo')}</Button>}
            <Button component={Link} to="/imports/new" variant="default">{t('run.another')}</Button>
            {job.state === 'completed' && <Button component={Link} to={place} leftSection={<IconUsers size={16} aria-hidden />}>{t(`run.see.${kind}`)}</Button>}
          </Group>
        </Group>
      )}
    </Stack>
  );
}
