/** The people of a journey, at a step or everywhere, and the way that one of them took. */
import { Anchor, Button, Group, Select, Skeleton, Stack, Text } from '@mantine/core';
import { IconArrowLeft, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { confirm } from '../../../parts/confirm';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { StatusBadge } from '../../../parts/StatusBadge';
import { usePages } from '../../../parts/usePages';
import type { Tone } from '../../../theme/theme';
import { useWords } from '../editor/describe';
import { ofDefinition, useEditor } from '../editor/store';
import type { Definition } from '../model';
import classes from './panel.module.css';
import { type Happening, Timeline } from './Timeline';

const STATES = ['active', 'goal_reached', 'completed', 'exited', 'failed'] as const;
const TONES: Record<string, Tone> = { active: 'accent', goal_reached: 'good', completed: 'good', exited: 'calm', failed: 'bad' };

function Replay({ journeyId, runId, back }: { journeyId: string; runId: string; back: () => void }) {
  const { t } = useTranslation('journeys');
  const maySend = useMay('messages.send');
  const shown = useEditor(ofDefinition);
  const run = useQuery({ queryKey: ['journeys', 'run', runId], queryFn: () => call(api.GET('/api/v1/runs/{id}', { params: { path: { id: runId } } })) });
  const version = run.data?.version;
  const pinned = useQuery({
    queryKey: ['journeys', journeyId, 'version', version], enabled: version !== undefined, staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => call(api.GET('/api/v1/journeys/{id}/versions/{version}', { params: { path: { id: journeyId, version: version as number } } })),
  });
  if (run.isError) return <ErrorNote error={run.error} retry={() => void run.refetch()} />;
  if (!run.data || !pinned.data) return <Skeleton h={260} radius="md" />;
  const definition = pinned.data.definition as unknown as Definition;
  const isKnown = Object.keys(definition.nodes).every((id) => id in shown.nodes);
  const lines: Happening[] = run.data.log.map((line) => ({ at: line.at, node: line.node ?? null, kind: 'step', code: line.code, text: line.text, params: (line.params ?? {}) as Record<string, unknown> }));
  const stop = async (): Promise<void> => {
    if (!(await confirm({ title: t('runs.stopTitle'), text: t('runs.stopText'), deed: t('runs.stop'), isDangerous: true }))) return;
    try {
      await call(api.POST('/api/v1/runs/{id}/stop', { params: { path: { id: runId } }, body: {} }));
      await refresh('journeys');
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Stack>
      <Group justify="space-between">
        <Button variant="subtle" size="compact-sm" leftSection={<IconArrowLeft size={16} aria-hidden />} onClick={back}>{t('runs.all')}</Button>
        {run.data.state === 'active' && maySend && <Button variant="light" color="red" size="compact-sm" onClick={() => void stop()}>{t('runs.stop')}</Button>}
      </Group>
      <Group gap="xs">
        <StatusBadge tone={TONES[run.data.state] ?? 'calm'}>{t(`runState.${run.data.state}`)}</StatusBadge>
        <Text size="sm" c="dimmed">{t('version.number', { number: run.data.version })}</Text>
        <Anchor component={Link} to={`/customers/${run.data.profile_id}`} size="sm">{t('runs.profile')}</Anchor>
      </Group>
      {!isKnown && <Text size="sm" c="dimmed">{t('runs.older')}</Text>}
      <Timeline lines={lines} definition={definition} start="last" />
    </Stack>
  );
}

export function RunsPanel({ journeyId }: { journeyId: string }) {
  const { t } = useTranslation('journeys');
  const words = useWords();
  const mayRead = useMay('people.read');
  const definition = useEditor(ofDefinition);
  const selected = useEditor((state) => state.selected[0]);
  const [state, setState] = useState<string | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  const node = selected && selected in definition.nodes ? selected : undefined;
  const runs = usePages(['journeys', journeyId, 'runs', node ?? '', state ?? ''], async (cursor) => {
    if (!mayRead) return { items: [] };
    const query = { limit: 30, ...(node ? { node } : {}), ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) };
    return call(api.GET('/api/v1/journeys/{id}/runs', { params: { path: { id: journeyId }, query } }));
  });
  if (!mayRead) return <Text size="sm">{t('runs.notAllowed')}</Text>;
  if (open) return <Replay journeyId={journeyId} runId={open} back={() => setOpen(null)} />;
  return (
    <Stack>
      <Text size="sm" fw={600}>{node ? t('runs.at', { name: words.name(definition, node) }) : t('runs.everywhere')}</Text>
      <Select label={t('runs.state')} clearable placeholder={t('runs.anyState')} value={state} data={STATES.map((one) => ({ value: one, label: t(`runState.${one}`) }))} onChange={setState} />
      {runs.error ? <ErrorNote error={runs.error} retry={runs.retry} /> : null}
      {runs.isPending && <Skeleton h={180} radius="md" />}
      {!runs.isPending && runs.rows.length === 0 && !runs.error && <EmptyState Icon={IconUsers} title={t('runs.none')} text={node ? t('runs.noneAt') : t('runs.noneText')} />}
      <Stack gap={6}>
        {runs.rows.map((run) => (
          <button key={run.id} type="button" className={classes.pick} data-run={run.id} onClick={() => setOpen(run.id)}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <Text size="sm" fw={600} truncate>{run.person ?? t('runs.nameless')}</Text>
              <StatusBadge tone={TONES[run.state] ?? 'calm'}>{t(`runState.${run.state}`)}</StatusBadge>
            </Group>
            <Text size="xs" c="dimmed">
              {t('runs.started')} <When at={run.started_at} />
              {run.due_at && run.state === 'active' ? <>{' · '}{t('runs.due')} <When at={run.due_at} full /></> : null}
            </Text>
          </button>
        ))}
      </Stack>
      {runs.more && <Button variant="default" onClick={runs.more.load} loading={runs.more.isLoading}>{t('runs.more')}</Button>}
    </Stack>
  );
}
