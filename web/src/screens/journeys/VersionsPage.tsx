/** The versions of a journey, and what any two of them differ in. */
import { Alert, Button, Card, Grid, Group, Select, Skeleton, Stack, Text } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { Mini } from './canvas/Mini';
import { DiffList } from './DiffList';
import { useMadeWords, useWords, WordsProvider } from './editor/describe';
import { type Definition, diff, TRIGGER } from './model';

function useVersion(id: string, version: string | null): Definition | undefined {
  const query = useQuery({
    queryKey: ['journeys', id, 'version', version], enabled: version !== null, staleTime: version === 'draft' ? 0 : Number.POSITIVE_INFINITY,
    queryFn: async () => {
      if (version !== 'draft') return (await call(api.GET('/api/v1/journeys/{id}/versions/{version}', { params: { path: { id, version: Number(version) } } }))).definition as unknown as Definition;
      return (await call(api.GET('/api/v1/journeys/{id}/canvas', { params: { path: { id } } }))).draft as unknown as Definition;
    },
  });
  return query.data;
}

function Compared({ before, after }: { before: Definition; after: Definition }) {
  const { t } = useTranslation('journeys');
  const words = useWords();
  const found = useMemo(() => diff(before, after), [before, after]);
  const back = useMemo(() => {
    // What is only in the older one is shown there as gone.
    const gone = diff(before, after);
    return { ...gone, linesAdded: new Set<string>() };
  }, [before, after]);
  const name = (definition: Definition) => (id: string) => (id === TRIGGER ? words.trigger(definition.trigger) : words.node(definition.nodes[id] as never));
  return (
    <Stack>
      <Grid>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Card padding="sm"><Text size="sm" fw={600} mb="xs">{t('version.before')}</Text><Mini definition={before} diff={back} height={460} label={t('version.before')} name={name(before)} /></Card>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Card padding="sm"><Text size="sm" fw={600} mb="xs">{t('version.after')}</Text><Mini definition={after} diff={found} height={460} label={t('version.after')} name={name(after)} /></Card>
        </Grid.Col>
      </Grid>
      <Panel title={t('version.changes')}><DiffList before={before} after={after} /></Panel>
    </Stack>
  );
}

export default function VersionsPage() {
  const { t } = useTranslation('journeys');
  const { id } = useParams({ strict: false }) as { id: string };
  const navigate = useNavigate();
  const mayChange = useMay('setup.change');
  const words = useMadeWords();
  const journey = useQuery({ queryKey: ['journeys', id], queryFn: () => call(api.GET('/api/v1/journeys/{id}', { params: { path: { id } } })) });
  const canvas = useQuery({ queryKey: ['journeys', id, 'canvas'], queryFn: () => call(api.GET('/api/v1/journeys/{id}/canvas', { params: { path: { id } } })) });
  const versions = usePages(['journeys', id, 'versions', 'pages'], (cursor) => call(api.GET('/api/v1/journeys/{id}/versions', { params: { path: { id }, query: { limit: 50, ...(cursor ? { cursor } : {}) } } })));
  const hasDraft = !!canvas.data?.draft;
  const names = [...(hasDraft ? ['draft'] : []), ...versions.rows.map((one) => String(one.version))];
  const [chosenBefore, setBefore] = useState<string | null>(null);
  const [chosenAfter, setAfter] = useState<string | null>(null);
  const after = chosenAfter ?? names[0] ?? null;
  const before = chosenBefore ?? names[1] ?? names[0] ?? null;
  const older = useVersion(id, before);
  const newer = useVersion(id, after);
  const label = (name: string): string => (name === 'draft' ? t('version.draft') : t('version.number', { number: Number(name) }));
  const take = async (version: number): Promise<void> => {
    try {
      const read = await call(api.GET('/api/v1/journeys/{id}/versions/{version}', { params: { path: { id, version } } }));
      const now = await call(api.GET('/api/v1/journeys/{id}/canvas', { params: { path: { id } } }));
      await call(api.PUT('/api/v1/journeys/{id}/canvas', { params: { path: { id } }, body: { revision: now.revision, canvas: now.canvas, draft: read.definition as never } }));
      notify.done(t('version.taken'));
      await navigate({ to: '/journeys/$id', params: { id } });
    } catch (error) {
      notify.failed(error);
    }
  };
  const error = journey.error ?? versions.error;
  return (
    <WordsProvider value={words}>
      <Page
        title={t('version.title')} text={t('version.about')} above={[{ title: t('title'), to: '/journeys' }, { title: journey.data?.name ?? '…', to: `/journeys/${id}` }]}
        actions={<Button component={Link} to={`/journeys/${id}`} variant="default">{t('version.open')}</Button>}
      >
        {error ? <ErrorNote error={error} retry={versions.retry} /> : null}
        {versions.isPending && <Skeleton h={240} radius="lg" />}
        {names.length > 1 && (
          <Group align="flex-end">
            <Select label={t('version.before')} value={before} data={names.map((name) => ({ value: name, label: label(name) }))} allowDeselect={false} onChange={setBefore} />
            <Select label={t('version.after')} value={after} data={names.map((name) => ({ value: name, label: label(name) }))} allowDeselect={false} onChange={setAfter} />
          </Group>
        )}
        {names.length === 1 && <Alert icon={<IconInfoCircle aria-hidden />} color="gray">{t('version.one')}</Alert>}
        {names.length > 1 && (older && newer ? <Compared before={older} after={newer} /> : <Skeleton h={320} radius="lg" />)}
        <Panel title={t('version.all')}>
          <Stack gap={0}>
            {versions.rows.map((one) => (
              <Group key={one.version} justify="space-between" py="sm" style={{ borderTop: '1px solid var(--ql-line)' }}>
                <Group gap="sm">
                  <Text fw={600}>{t('version.number', { number: one.version })}</Text>
                  {one.published && <StatusBadge tone="good">{t('version.published')}</StatusBadge>}
                  <Text size="sm" c="dimmed"><When at={one.created_at} full /></Text>
                  {one.active_runs > 0 && <Text size="sm" c="dimmed">{t('version.inside', { count: one.active_runs })}</Text>}
                </Group>
                <Button size="compact-sm" variant="default" disabled={!mayChange || journey.data?.status === 'archived'} onClick={() => void take(one.version)}>{t('version.take')}</Button>
              </Group>
            ))}
          </Stack>
          {versions.more && <Button mt="sm" variant="default" onClick={versions.more.load} loading={versions.more.isLoading}>{t('runs.more')}</Button>}
        </Panel>
      </Page>
    </WordsProvider>
  );
}
