import { Alert, Anchor, Button, Card, Group, Menu, Progress, SimpleGrid, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { IconArchive, IconArchiveOff, IconChevronDown, IconCopy, IconDownload, IconEdit } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { ConditionText } from '../../parts/ConditionEditor';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Reach } from './Reach';
import { archive, restore, useSegment, type Segment } from './use';

const Growth = lazy(() => import('./Growth'));
const Members = lazy(() => import('./Members'));
const Why = lazy(() => import('./Why'));
const Overlap = lazy(() => import('./Overlap'));
const Versions = lazy(() => import('./Versions'));

const TABS = ['overview', 'members', 'why', 'overlap', 'versions'] as const;
type Tab = (typeof TABS)[number];

const PLACES: Record<string, string> = { segment: '/segments', journey: '/journeys', campaign: '/campaigns' };

function UsedBy({ segment }: { segment: Segment }) {
  const { t } = useTranslation('segments');
  const uses = segment.used_by ?? [];
  if (uses.length === 0) return <Text size="sm" c="dimmed">{t('used.nowhere')}</Text>;
  return (
    <Stack gap={8} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
      {uses.map((one) => (
        <Group key={`${one.kind}:${one.id}`} component="li" justify="space-between" wrap="nowrap" gap="sm">
          <div style={{ minWidth: 0 }}>
            <Anchor component={Link} to={`${PLACES[one.kind] ?? ''}/${one.id}`} size="sm" truncate="end" display="block">{one.name}</Anchor>
            <Text size="xs" c="dimmed">{t(`use_kind.${one.kind}`)}</Text>
          </div>
          {one.holds && <StatusBadge tone="good">{t('used.running')}</StatusBadge>}
        </Group>
      ))}
    </Stack>
  );
}

function ReachPanel({ id }: { id: string }) {
  const { t } = useTranslation('segments');
  const reach = useQuery({
    queryKey: ['segments', id, 'reach'],
    queryFn: () => call(api.GET('/api/v1/segments/{id}/reach', { params: { path: { id } } })),
    staleTime: 60_000,
  });
  return (
    <Panel title={t('reach.title')} text={t('reach.text')}>
      {reach.isPending ? <Stack aria-busy="true"><Skeleton h={22} /><Skeleton h={22} /><Skeleton h={22} /></Stack> : reach.error ? <ErrorNote error={reach.error} retry={() => void reach.refetch()} /> : <Reach reach={reach.data} />}
    </Panel>
  );
}

export default function SegmentPage() {
  const { t } = useTranslation('segments');
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const search = useSearch({ strict: false }) as { tab?: Tab };
  const navigate = useNavigate();
  const formats = useFormats();
  const mayChange = useMay('setup.change');
  const maySee = useMay('people.read');
  const mayExport = useMay('people.export');
  const found = useSegment(id);
  if (found.isPending) return <PageSkeleton />;
  if (found.error) return <ErrorNote error={found.error} retry={() => void found.refetch()} />;
  const segment = found.data as Segment;
  const tab: Tab = TABS.includes(search.tab as Tab) ? (search.tab as Tab) : 'overview';
  const go = (next: string | null): void => void navigate({ to: `/segments/${id}`, search: { tab: next === 'overview' ? undefined : next } as never, replace: true });
  const isArchived = segment.state === 'archived';
  const holders = (segment.used_by ?? []).filter((one) => one.holds);
  const putAway = async (): Promise<void> => {
    try {
      await archive(id);
      notify.undo(t('archived_now', { name: segment.name }), () => restore(id));
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'segment_in_use') void found.refetch();
      notify.failed(error);
    }
  };
  const takeOut = async (format: 'csv' | 'jsonl'): Promise<void> => {
    try {
      await call(api.POST('/api/v1/exports', { body: { list: 'segment-members', format, segment: id, columns: [] } }));
      await refresh('jobs');
      notify.done(t('export_begun'));
    } catch (error) {
      notify.failed(error);
    }
  };
  const bring = async (): Promise<void> => {
    try {
      await restore(id);
      notify.done(t('restored_now', { name: segment.name }));
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Page
      title={segment.name} above={[{ title: t('list.title'), to: '/segments' }]} text={segment.description || undefined}
      badge={isArchived ? <StatusBadge tone="calm">{t('state.archived')}</StatusBadge> : segment.state === 'computing' ? <StatusBadge tone="wait">{t('state.computing')}</StatusBadge> : <StatusBadge tone="good">{t('state.live')}</StatusBadge>}
      actions={
        <>
          <Menu position="bottom-end" width={240}>
            <Menu.Target><Button variant="default" rightSection={<IconChevronDown size={15} aria-hidden />}>{t('more')}</Button></Menu.Target>
            <Menu.Dropdown>
              {mayChange && <Menu.Item component={Link} to="/segments/new" search={{ copy: id } as never} leftSection={<IconCopy size={15} aria-hidden />}>{t('duplicate')}</Menu.Item>}
              <Menu.Item disabled={!mayExport || isArchived} leftSection={<IconDownload size={15} aria-hidden />} onClick={() => void takeOut('csv')}>{t(mayExport ? 'export_csv' : 'export_not_allowed')}</Menu.Item>
              {mayExport && !isArchived && <Menu.Item leftSection={<IconDownload size={15} aria-hidden />} onClick={() => void takeOut('jsonl')}>{t('export_jsonl')}</Menu.Item>}
              {mayChange && (isArchived
                ? <Menu.Item leftSection={<IconArchiveOff size={15} aria-hidden />} onClick={() => void bring()}>{t('restore')}</Menu.Item>
                : <Menu.Item disabled={holders.length > 0} leftSection={<IconArchive size={15} aria-hidden />} onClick={() => void putAway()}>{t('archive')}{holders.length > 0 && <Text size="xs">{t('archive_held', { names: holders.map((one) => one.name).join(', ') })}</Text>}</Menu.Item>)}
            </Menu.Dropdown>
          </Menu>
          {mayChange && !isArchived && <Button component={Link} to={`/segments/${id}/edit`} leftSection={<IconEdit size={16} aria-hidden />}>{t('edit')}</Button>}
        </>
      }
    >
      {segment.state === 'computing' && (
        <Alert color="gray" title={t('computing_title')}>
          <Text size="sm">{t(segment.count === null ? 'computing_first' : 'computing_again')}</Text>
          <Progress value={(segment.progress ?? 0) * 100} mt="sm" aria-label={t('state.computing')} />
        </Alert>
      )}
      <Tabs value={tab} onChange={go} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="overview">{t('tab.overview')}</Tabs.Tab>
          {maySee && <Tabs.Tab value="members">{t('tab.members')}</Tabs.Tab>}
          {maySee && <Tabs.Tab value="why">{t('tab.why')}</Tabs.Tab>}
          <Tabs.Tab value="overlap">{t('tab.overlap')}</Tabs.Tab>
          <Tabs.Tab value="versions">{t('tab.versions')}</Tabs.Tab>
        </Tabs.List>
        <Suspense fallback={<Skeleton h={320} mt="lg" radius="lg" />}>
          <Tabs.Panel value="overview" pt="lg">
            <Stack gap="lg">
              <SimpleGrid cols={{ base: 1, md: 3 }} spacing="lg">
                <Card padding="lg">
                  <Text size="sm" c="dimmed">{t('members_now')}</Text>
                  <Text fz={34} className="ql-big" data-count={segment.count ?? ''}><Num value={segment.count} /></Text>
                  <Text size="xs" c="dimmed" mt={4} component="div">{t('live_note')}</Text>
                </Card>
                <Panel title={t('who')} style={{ gridColumn: 'span 2' }}>
                  <ConditionText value={segment.definition} />
                  <Text size="xs" c="dimmed" mt="md" component="div">{t('version_of', { version: formats.number(segment.version) })} · <When at={segment.updated_at} /></Text>
                </Panel>
              </SimpleGrid>
              {!isArchived && <Growth id={id} />}
              <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
                {segment.state === 'live' && <ReachPanel id={id} />}
                <Panel title={t('used.title')} text={t('used.text')}><UsedBy segment={segment} /></Panel>
              </SimpleGrid>
            </Stack>
          </Tabs.Panel>
          <Tabs.Panel value="members" pt="lg">{isArchived ? <Text c="dimmed">{t('archived_nobody')}</Text> : <Members id={id} />}</Tabs.Panel>
          <Tabs.Panel value="why" pt="lg">{isArchived ? <Text c="dimmed">{t('archived_nobody')}</Text> : <Why id={id} />}</Tabs.Panel>
          <Tabs.Panel value="overlap" pt="lg">{isArchived ? <Text c="dimmed">{t('archived_nobody')}</Text> : <Overlap segment={segment} />}</Tabs.Panel>
          <Tabs.Panel value="versions" pt="lg"><Versions segment={segment} /></Tabs.Panel>
        </Suspense>
      </Tabs>
    </Page>
  );
}
