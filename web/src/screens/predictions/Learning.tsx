/** Learning anew, on demand: the button, how far it is, and calling it off. */
import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { refresh } from '../../api';
import { useMay } from '../../app/session';
import { Percent } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { isUnderWay, type Job, type Kind, learn, progressOf, stopLearning } from './use';

export function LearnButton({ job, kinds, variant }: { job: Job | null | undefined; kinds?: Kind[]; variant?: string }) {
  const { t } = useTranslation('predictions');
  const may = useMay('setup.change');
  const [isAsked, setAsked] = useState(false);
  if (!may) return null;
  const begin = async () => {
    setAsked(true);
    try {
      await learn(kinds);
    } catch (error) {
      notify.failed(error);
    }
    setAsked(false);
  };
  return <Button variant={variant ?? 'default'} leftSection={<IconRefresh size={16} aria-hidden />} loading={isAsked} disabled={isUnderWay(job)} onClick={() => void begin()}>{t('learn.now')}</Button>;
}

export function LearningPanel({ job }: { job: Job | null | undefined }) {
  const { t } = useTranslation('predictions');
  const mayStop = useMay('people.import');
  const [isAsked, setAsked] = useState(false);
  const open = isUnderWay(job);
  const before = useRef(open);
  useEffect(() => {
    // What was learned changes people and segments, too.
    if (before.current && !open) void refresh('models', 'people', 'segments');
    before.current = open;
  }, [open]);
  if (!job) return null;
  const told = progressOf(job);
  if (!open) {
    if (job.state !== 'failed') return null;
    return <Note tone="bad" role="alert" title={t('learn.failed')}><Text size="sm">{told.error ?? t('learn.failedText')}</Text></Note>;
  }
  const stop = async () => {
    setAsked(true);
    await stopLearning(job.id).catch(notify.failed);
    setAsked(false);
  };
  return (
    <Panel>
      <Stack gap="sm" role="status" aria-label={t('learn.running')} data-learning>
        <Group justify="space-between" align="flex-end" wrap="nowrap">
          <div>
            <Text fw={600}>{job.state === 'cancelling' ? t('learn.stopping') : t('learn.running')}</Text>
            <Text size="sm" c="dimmed">{told.kind ? t(`learn.at.${told.kind}`) : t('learn.begun')}</Text>
          </div>
          <Text className="ql-big" fz="1.5rem"><Percent value={told.share} digits={0} /></Text>
        </Group>
        <Progress value={told.share * 100} size="md" radius="xl" animated aria-label={t('learn.running')} />
        <Group justify="space-between">
          <Text size="sm" c="dimmed">{t('learn.leave')}</Text>
          {mayStop && job.state !== 'cancelling' && <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconPlayerStop size={15} aria-hidden />} loading={isAsked} onClick={() => void stop()}>{t('learn.stop')}</Button>}
        </Group>
      </Stack>
    </Panel>
  );
}
