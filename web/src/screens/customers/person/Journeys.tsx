import { Anchor, Button, Group, Skeleton, Stack, Text, Timeline as Line } from '@mantine/core';
import { IconRouteOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { confirm } from '../../../parts/confirm';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { useWords } from '../../../parts/Reason';
import { StatusBadge } from '../../../parts/StatusBadge';
import type { Tone } from '../../../theme/theme';
import type { Profile } from './use';

type Run = Schema<'RunView'>;
const TONES: Record<string, Tone> = { active: 'accent', completed: 'good', goal_reached: 'good', exited: 'calm', failed: 'bad' };

function Log({ id }: { id: string }) {
  const words = useWords();
  const run = useQuery({ queryKey: ['journeys', 'run', id], queryFn: () => call(api.GET('/api/v1/runs/{id}', { params: { path: { id } } })) });
  if (run.error) return <ErrorNote error={run.error} retry={() => void run.refetch()} />;
  if (!run.data) return <Skeleton h={80} />;
  const log = run.data.log;
  return (
    <Line active={log.length} bulletSize={14} lineWidth={2} mt="sm" color="clay">
      {log.map((step, at) => (
        <Line.Item key={at}>
          <Text size="sm">{words.step(step.code, step.params as Record<string, unknown>)}</Text>
          <Text size="xs" c="dimmed"><When at={step.at} full /></Text>
        </Line.Item>
      ))}
    </Line>
  );
}

function OneRun({ run, name, mayStop }: { run: Run; name: string; mayStop: boolean }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const [isOpen, setOpen] = useState(false);
  const stop = async () => {
    if (!(await confirm({ title: t('run.stopTitle', { name }), text: t('run.stopText'), deed: t('run.stop'), isDangerous: true }))) return;
    try {
      await call(api.POST('/api/v1/runs/{id}/stop', { params: { path: { id: run.id } }, body: {} as never }));
      await refresh('people', 'journeys');
      notify.done(t('run.stopped'));
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Panel
      title={<Anchor component={Link} to={'/journeys/$id' as string} params={{ id: run.journey_id } as never} inherit c="inherit">{name}</Anchor>}
      text={<>{t('run.started')} <When at={run.started_at} full />{run.ended_at && <> · {t('run.ended')} <When at={run.ended_at} full /></>}</>}
      actions={<StatusBadge tone={TONES[run.state] ?? 'calm'}>{t(`run.state.${run.state}`)}</StatusBadge>}
    >
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {run.state === 'active'
            ? run.waits_for ? t('run.waitsFor', { event: words.event(run.waits_for) }) : run.due_at ? <>{t('run.goesOn')} <When at={run.due_at} full /></> : t('run.paused')
            : run.reason ? words.reason(run.reason) : ''}
        </Text>
        <Group gap="xs">
          {run.state === 'active' && mayStop && <Button size="compact-sm" variant="subtle" color="red" onClick={() => void stop()}>{t('run.stop')}</Button>}
          <Button size="compact-sm" variant="default" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? t('run.hide') : t('run.show')}</Button>
        </Group>
      </Group>
      {isOpen && <Log id={run.id} />}
    </Panel>
  );
}

export default function Journeys({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const maySend = useMay('messages.send');
  const runs = useQuery({ queryKey: ['people', profile.id, 'runs'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/runs', { params: { path: { id: profile.id } } })) });
  const journeys = useQuery({ queryKey: ['journeys', 'names'], queryFn: async () => (await call(api.GET('/api/v1/journeys'))).items });
  if (runs.error) return <ErrorNote error={runs.error} retry={() => void runs.refetch()} />;
  if (!runs.data) return <Stack>{[1, 2].map((one) => <Skeleton key={one} h={110} radius="lg" />)}</Stack>;
  const rows = [...runs.data.items].sort((a, b) => Number(b.state === 'active') - Number(a.state === 'active') || b.started_at.localeCompare(a.started_at));
  if (rows.length === 0) return <EmptyState Icon={IconRouteOff} title={t('run.none')} text={t('run.noneText')} />;
  return <Stack>{rows.map((run) => <OneRun key={run.id} run={run} mayStop={maySend} name={journeys.data?.find((one) => one.id === run.journey_id)?.name ?? run.journey_id} />)}</Stack>;
}
