/** What became of a campaign: while it is sent, and after. */
import { Anchor, Button, Card, Group, Progress, Select, SimpleGrid, Skeleton, Stack, Table, Tabs, Text } from '@mantine/core';
import { IconArrowBackUp, IconDownload, IconEdit, IconPlayerPause, IconPlayerPlay, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { Budget } from '../../parts/Budget';
import { DataTable } from '../../parts/DataTable';
import { downloadCsv } from '../../parts/csv';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Money, Num, Percent, useFormats, When } from '../../parts/format';
import { Note } from '../../parts/Note';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../parts/Reason';
import { Stat } from '../../parts/Stat';
import { Deeds } from './CampaignsPage';
import classes from './composer.module.css';
import { useDeeds } from './deeds';
import { Funnel } from './Funnel';
import { wordOf } from './LastCheck';
import { type CampaignView, campaignQuery, definitionOf, type Report, reportQuery, share } from './model';
import { People } from './People';
import { useScheduleWords } from './schedule';
import { CampaignState } from './state';

const OverTime = lazy(() => import('./OverTime'));

export type Result = Report['total'];
type Run = Report['runs'][number];

interface Search {
  tab?: string;
  run?: number;
  step?: string;
  reason?: string;
}

export default function CampaignPage() {
  const { t } = useTranslation(['campaigns', 'spending']);
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const inWords = useScheduleWords();
  const words = useWords();
  const query = useQuery({ ...campaignQuery(id), refetchInterval: (found) => (found.state.data?.state === 'sending' || isStarting(found.state.data) ? 2_000 : false) });
  const report = useQuery({ ...reportQuery(id), enabled: (query.data?.runs ?? 0) > 0, refetchInterval: query.data?.state === 'sending' ? 5_000 : false });
  const mayRead = useMay('people.read');
  const maySee = useMay('setup.read');
  if (query.isPending) return <PageSkeleton />;
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const one = query.data;
  if (one.state === 'draft') return <Navigate to={`/campaigns/${id}/edit`} replace />;
  const change = (more: Partial<Search>) => void navigate({ to: `/campaigns/${id}`, search: { ...search, ...more } as never, replace: true });
  const runs = report.data?.runs ?? [];
  const run = runs.find((found) => found.run === Number(search.run));
  const result = run ?? report.data?.total;
  const tab = search.tab ?? 'overview';
  const budget = maySee && <Panel title={t('spending:campaign')} mt="lg"><Budget scope={`campaign:${id}`} label={t('spending:campaignBudget')} text={t('spending:campaignText')} /></Panel>;
  return (
    <Page
      title={one.name} badge={<CampaignState state={one.state} />} above={[{ title: t('list.title'), to: '/campaigns' }]}
      text={`${words.channel(one.channel)} · ${inWords(definitionOf(one).schedule)}`}
      actions={<Actions one={one} />}
    >
      {one.detail && <Note tone="calm">{t(`detail.${detailOf(one.detail)}`, { detail: one.detail })}</Note>}
      <Live one={one} />
      {one.runs === 0 ? (
        <>
          <Coming one={one} />
          {budget}
        </>
      ) : report.error ? (
        <ErrorNote error={report.error} retry={() => void report.refetch()} />
      ) : !report.data || !result ? (
        <Stack><SimpleGrid cols={{ base: 2, md: 4 }}>{[0, 1, 2, 3].map((at) => <Skeleton key={at} h={96} radius="lg" />)}</SimpleGrid><Skeleton h={280} radius="lg" /></Stack>
      ) : (
        <Tabs value={tab} onChange={(value) => change({ tab: value ?? undefined, step: undefined, reason: undefined })} keepMounted={false}>
          <Group justify="space-between" align="flex-end" gap="sm" mb="lg">
            <Tabs.List style={{ flex: '1 1 320px' }}>
              <Tabs.Tab value="overview">{t('tab.overview')}</Tabs.Tab>
              {mayRead && <Tabs.Tab value="people">{t('tab.people')}</Tabs.Tab>}
              <Tabs.Tab value="links">{t('tab.links')}</Tabs.Tab>
              {one.channel === 'email' && <Tabs.Tab value="domains">{t('tab.domains')}</Tabs.Tab>}
              {runs.length > 1 && <Tabs.Tab value="runs">{t('tab.runs')}</Tabs.Tab>}
            </Tabs.List>
            {runs.length > 1 && <RunSelect runs={runs} value={run} onChange={(value) => change({ run: value })} />}
          </Group>
          <Tabs.Panel value="overview"><Overview one={one} report={report.data} run={run} result={result} toPeople={(step, reason) => change({ tab: 'people', step, reason })} />{budget}</Tabs.Panel>
          <Tabs.Panel value="people"><People campaign={one} run={run?.run} step={search.step} reason={search.reason} result={result} change={(step, reason) => change({ step, reason })} /></Tabs.Panel>
          <Tabs.Panel value="links"><Links campaign={one} report={report.data} run={run} /></Tabs.Panel>
          <Tabs.Panel value="domains"><Domains campaign={one} run={run?.run} /></Tabs.Panel>
          <Tabs.Panel value="runs"><Runs campaign={one} report={report.data} open={(value) => change({ tab: 'overview', run: value })} /></Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

/** Why it stands still is told by the engine in English; the known ones in our words. */
function detailOf(detail: string): 'segment' | 'other' {
  return /segment/i.test(detail) ? 'segment' : 'other';
}

/** Launched a moment ago: its run begins within seconds. */
function isStarting(one: CampaignView | undefined): boolean {
  return one?.state === 'scheduled' && !!one.next_at && Date.parse(one.next_at) - Date.now() < 60_000;
}

function Actions({ one }: { one: CampaignView }) {
  const { t } = useTranslation('campaigns');
  const deeds = useDeeds();
  const maySend = useMay('messages.send');
  const mayChange = useMay('setup.change');
  const is = (...states: string[]) => states.includes(one.state);
  return (
    <>
      {maySend && is('scheduled') && one.runs === 0 && <Button variant="default" leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={() => void deeds.recall(one)}>{t('deed.recall')}</Button>}
      {mayChange && is('scheduled') && one.runs > 0 && <Button variant="default" component={Link} to={`/campaigns/${one.id}/edit`} leftSection={<IconEdit size={16} aria-hidden />}>{t('deed.edit')}</Button>}
      {maySend && is('scheduled', 'sending') && <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => void deeds.pause(one)}>{t('deed.pause')}</Button>}
      {maySend && is('paused') && <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => void deeds.resume(one)}>{t('deed.resume')}</Button>}
      {maySend && is('sending', 'paused') && <Button variant="default" c="var(--ql-bad)" leftSection={<IconX size={16} aria-hidden />} onClick={() => void deeds.cancel(one)}>{t('deed.cancel')}</Button>}
      <Deeds one={one} />
    </>
  );
}

/** How far the run is that is under way. */
function Live({ one }: { one: CampaignView }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const { progress } = one;
  if (!progress || progress.ended_at || !['sending', 'paused'].includes(one.state)) return null;
  const isGathering = progress.state === 'gathering' || progress.state === 'planning';
  return (
    <Card aria-live="polite" data-testid="live-progress">
      <Stack gap="sm">
        <Group justify="space-between">
          <Text fw={600}>{one.state === 'paused' ? t('live.paused') : isGathering ? t('live.gathering') : t('live.sending')}</Text>
          <Text size="sm" c="dimmed">{t('live.since')} <When at={progress.started_at} /></Text>
        </Group>
        <Progress.Root size="lg" radius="xl" aria-label={t('live.progress')}>
          <Progress.Section value={(share(progress.accepted, progress.audience) ?? 0) * 100} color="var(--ql-good)" aria-label={t('step.accepted')} />
          <Progress.Section value={(share(progress.refused, progress.audience) ?? 0) * 100} color="var(--mantine-color-placeholder)" aria-label={t('step.refused')} />
          <Progress.Section value={(share(progress.failed + progress.unknown, progress.audience) ?? 0) * 100} color="var(--ql-bad)" aria-label={t('step.failed')} />
        </Progress.Root>
        <Group gap="xl">
          <Small label={t('live.done')} value={`${formats.number(progress.percent, 1)} %`} />
          <Small label={t('step.accepted')} value={formats.number(progress.accepted)} />
          <Small label={t('step.refused')} value={formats.number(progress.refused)} />
          <Small label={t('step.queued')} value={formats.number(progress.queued)} />
          {progress.delayed > 0 && <Small label={t('live.waiting')} value={formats.number(progress.delayed)} />}
          {progress.per_minute > 0 && <Small label={t('live.speed')} value={formats.number(progress.per_minute)} />}
          {progress.ends_at && <Small label={t('live.ends')} value={formats.dateTime(progress.ends_at)} />}
        </Group>
      </Stack>
    </Card>
  );
}

function Small({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">{label}</Text>
      <Text className="ql-num" fw={600}>{value}</Text>
    </div>
  );
}

/** Launched, and nothing went yet. */
function Coming({ one }: { one: CampaignView }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  return (
    <Panel>
      <EmptyState
        Icon={IconPlayerPlay} title={one.state === 'cancelled' ? t('coming.cancelled') : one.next_at ? t('coming.title', { at: formats.dateTime(one.next_at) }) : t('coming.waits')}
        text={one.state === 'cancelled' ? t('coming.cancelledText') : t('coming.text')}
      />
    </Panel>
  );
}

function RunSelect({ runs, value, onChange }: { runs: Run[]; value: Run | undefined; onChange: (run: number | undefined) => void }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  return (
    <Select
      aria-label={t('runs.choose')} w={250} value={value ? String(value.run) : 'all'} allowDeselect={false} onChange={(chosen) => onChange(chosen && chosen !== 'all' ? Number(chosen) : undefined)}
      data={[{ value: 'all', label: t('runs.all', { count: runs.length }) }, ...runs.map((run) => ({ value: String(run.run), label: t('runs.one', { run: run.run, at: formats.dateTime(run.started_at) }) }))]}
    />
  );
}

function Overview({ one, report, run, result, toPeople }: { one: CampaignView; report: Report; run: Run | undefined; result: Result; toPeople: (step?: string, reason?: string) => void }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const formats = useFormats();
  const usual = useQuery({
    queryKey: ['campaigns', 'usual', one.channel, one.id],
    queryFn: () => call(api.GET('/api/v1/campaigns/usual', { params: { query: { channel: one.channel, except: one.id } } })),
    staleTime: 5 * 60_000,
  });
  const hours = useMemo(() => {
    const found = new Map<string, { accepted: number; opened: number; clicked: number }>();
    for (const each of run ? [run] : report.runs) {
      for (const hour of each.timeline) {
        const sum = found.get(hour.hour) ?? { accepted: 0, opened: 0, clicked: 0 };
        found.set(hour.hour, { accepted: sum.accepted + hour.accepted, opened: sum.opened + hour.opened, clicked: sum.clicked + hour.clicked });
      }
    }
    return [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [report, run]);
  const rate = (part: number) => share(part, result.accepted);
  const compared = (part: number, theirs: number) => {
    const ours = rate(part);
    const used = usual.data && usual.data.campaigns > 0 ? share(theirs, usual.data.accepted) : null;
    return ours === null || used === null ? undefined : t('usual.is', { rate: formats.percent(used) });
  };
  const save = () => {
    const reasons = (of: string, by: Record<string, number>) => Object.entries(by).map(([reason, people]) => [t(`not.${of}`), wordOf(reason, words, t), people]);
    downloadCsv(one.name, [
      [t('csvColumn.what'), t('csvColumn.detail'), t('csvColumn.value')],
      [t('step.named'), '', result.named], [t('step.audience'), '', result.audience], [t('step.accepted'), '', result.accepted], [t('step.opened'), '', result.opened],
      [t('step.clicked'), '', result.clicked], [t('step.unsubscribed'), '', result.unsubscribed], [t('step.machine'), '', result.machine], [t('step.ordered'), '', result.orders],
      [t('step.revenue'), report.currency, result.revenue],
      ...reasons('excluded', result.excluded_by), ...reasons('refused', result.refused_by), ...reasons('failed', result.failed_by), ...reasons('cancelled', result.cancelled_by),
      ...hours.map(([hour, sum]) => [formats.dateTime(hour), t('csvColumn.hour'), `${sum.accepted} / ${sum.opened} / ${sum.clicked}`]),
    ]);
  };
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Compared label={t('step.accepted')} help={t('help.accepted')} value={<Num value={result.accepted} />} note={t('of', { all: formats.number(result.audience) })} />
        <Compared label={t('rate.opened')} help={t('help.opened')} value={<Percent value={rate(result.opened)} />} note={compared(result.opened, usual.data?.opened ?? 0)} />
        <Compared label={t('rate.clicked')} help={t('help.clicked')} value={<Percent value={rate(result.clicked)} />} note={compared(result.clicked, usual.data?.clicked ?? 0)} />
        <Compared label={t('step.revenue')} help={t('help.revenue', { count: report.attribution_days })} value={<Money value={result.revenue} currency={report.currency} short />} note={t('orders', { count: result.orders })} />
      </SimpleGrid>
      <Panel title={t('funnel.title')} text={t('funnel.text')} actions={<Button size="sm" variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={save}>{t('csv')}</Button>}>
        <Funnel result={result} currency={report.currency} open={toPeople} />
      </Panel>
      {hours.length > 0 && (
        <Panel title={t('time.title')} text={t('time.text')}>
          <Suspense fallback={<Skeleton h={280} />}><OverTime hours={hours} /></Suspense>
        </Panel>
      )}
      <NotSent result={result} open={toPeople} />
    </Stack>
  );
}

function Compared({ label, value, note, help }: { label: string; value: React.ReactNode; note?: string; help: string }) {
  return <Stat label={label} help={help} value={<>{value}{note && <Text size="xs" c="dimmed" fw={400} mt={2} style={{ letterSpacing: 0 }}>{note}</Text>}</>} />;
}

/** Who did not get it, by reason: the audience's, ours, the provider's. */
function NotSent({ result, open }: { result: Result; open: (step?: string, reason?: string) => void }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const mayRead = useMay('people.read');
  const parts = [
    { step: 'refused', by: result.refused_by, tone: 'calm' }, { step: 'failed', by: result.failed_by, tone: 'bad' },
    { step: 'queued', by: result.delayed_by, tone: 'wait' }, { step: 'cancelled', by: result.cancelled_by, tone: 'calm' }, { step: 'excluded', by: result.excluded_by, tone: 'calm' },
  ];
  const rows = parts.flatMap(({ step, by, tone }) => Object.entries(by).map(([reason, people]) => ({ step, reason, people, tone }))).sort((a, b) => b.people - a.people);
  if (rows.length === 0) return null;
  const most = Math.max(...rows.map((row) => row.people));
  return (
    <Panel title={t('not.title')} text={t('not.text')}>
      <Stack gap="sm">
        {rows.map((row) => (
          <div key={`${row.step} ${row.reason}`}>
            <Group justify="space-between" wrap="nowrap" gap="sm">
              <Text size="sm">
                {mayRead && row.step !== 'excluded' ? <Anchor component="button" type="button" ta="left" c="inherit" size="sm" onClick={() => open(row.step, row.reason)}>{wordOf(row.reason, words, t)}</Anchor> : wordOf(row.reason, words, t)}{' '}
                <Text span size="xs" c="dimmed">· {t(`not.${row.step}`)}</Text>
              </Text>
              <Text size="sm" fw={600}><Num value={row.people} /></Text>
            </Group>
            <div className={classes.bar} aria-hidden><div className={classes.fill} style={{ width: `${(row.people / most) * 100}%`, '--ql-tone': `var(--ql-${row.tone})` } as React.CSSProperties} /></div>
          </div>
        ))}
      </Stack>
    </Panel>
  );
}

function Links({ campaign, report, run }: { campaign: CampaignView; report: Report; run: Run | undefined }) {
  const { t } = useTranslation('campaigns');
  const rows = useMemo(() => {
    const found = new Map<string, { url: string; people: number; clicks: number }>();
    for (const each of run ? [run] : report.runs) {
      for (const link of each.links) {
        const sum = found.get(link.url) ?? { url: link.url, people: 0, clicks: 0 };
        found.set(link.url, { url: link.url, people: sum.people + link.people, clicks: sum.clicks + link.clicks });
      }
    }
    return [...found.values()].sort((a, b) => b.people - a.people);
  }, [report, run]);
  return (
    <Panel title={t('links.title')} text={t('links.text')} actions={rows.length > 0 && <Button size="sm" variant="default" onClick={() => downloadCsv(`${campaign.name} - ${t('links.title')}`, [[t('links.url'), t('links.people'), t('links.clicks')], ...rows.map((row) => [row.url, row.people, row.clicks])])}>{t('csv')}</Button>}>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">{t('links.none')}</Text>
      ) : (
        <Table.ScrollContainer minWidth={320}>
          <Table verticalSpacing="sm">
            <Table.Thead><Table.Tr><Table.Th>{t('links.url')}</Table.Th><Table.Th ta="right">{t('links.people')}</Table.Th><Table.Th ta="right">{t('links.clicks')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.url}>
                  <Table.Td style={{ wordBreak: 'break-all' }}><Text size="sm">{row.url}</Text></Table.Td>
                  <Table.Td ta="right"><Num value={row.people} /></Table.Td>
                  <Table.Td ta="right"><Num value={row.clicks} /></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}

function Domains({ campaign, run }: { campaign: CampaignView; run: number | undefined }) {
  const { t } = useTranslation('campaigns');
  const query = useQuery({
    queryKey: ['campaigns', campaign.id, 'domains', run],
    queryFn: () => call(api.GET('/api/v1/campaigns/{id}/domains', { params: { path: { id: campaign.id }, query: { run } } })),
  });
  const rows = query.data?.items ?? [];
  return (
    <Panel title={t('domains.title')} text={t('domains.text')} actions={rows.length > 0 && <Button size="sm" variant="default" onClick={() => downloadCsv(`${campaign.name} - ${t('domains.title')}`, [[t('domains.domain'), t('domains.tried'), t('step.accepted'), t('step.failed'), t('step.opened'), t('step.clicked'), t('step.unsubscribed')], ...rows.map((row) => [row.domain, row.tried, row.accepted, row.failed, row.opened, row.clicked, row.unsubscribed])])}>{t('csv')}</Button>}>
      <DataTable
        idAccessor="domain" records={rows} fetching={query.isPending} error={query.error} retry={() => void query.refetch()} withTableBorder={false}
        columns={[
          { accessor: 'domain', title: t('domains.domain') },
          { accessor: 'accepted', title: t('step.accepted'), textAlign: 'right', render: (row) => <Num value={row.accepted} /> },
          { accessor: 'failed', title: t('step.failed'), textAlign: 'right', render: (row) => <Text span size="sm" c={row.failed > 0 ? 'var(--ql-bad)' : undefined}><Num value={row.failed} /></Text> },
          { accessor: 'opened', title: t('rate.opened'), textAlign: 'right', render: (row) => <Percent value={share(row.opened, row.accepted)} /> },
          { accessor: 'clicked', title: t('rate.clicked'), textAlign: 'right', render: (row) => <Percent value={share(row.clicked, row.accepted)} /> },
          { accessor: 'unsubscribed', title: t('step.unsubscribed'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (row) => <Num value={row.unsubscribed} /> },
        ]}
      />
    </Panel>
  );
}

function Runs({ campaign, report, open }: { campaign: CampaignView; report: Report; open: (run: number) => void }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  return (
    <Panel title={t('runs.title')} text={t('runs.text')} actions={<Button size="sm" variant="default" onClick={() => downloadCsv(`${campaign.name} - ${t('runs.title')}`, [[t('runs.at'), t('step.audience'), t('step.accepted'), t('step.opened'), t('step.clicked'), t('step.ordered'), t('step.revenue')], ...report.runs.map((run) => [formats.dateTime(run.started_at), run.audience, run.accepted, run.opened, run.clicked, run.orders, run.revenue])])}>{t('csv')}</Button>}>
      <DataTable
        idAccessor="run" records={report.runs} withTableBorder={false} onRowClick={({ record }) => open(record.run)} rowClassName="ql-row-link"
        columns={[
          { accessor: 'started_at', title: t('runs.at'), render: (run) => <Anchor component="button" type="button" size="sm" onClick={() => open(run.run)}><When at={run.started_at} full /></Anchor> },
          { accessor: 'audience', title: t('step.audience'), textAlign: 'right', render: (run) => <Num value={run.audience} /> },
          { accessor: 'accepted', title: t('step.accepted'), textAlign: 'right', render: (run) => <Num value={run.accepted} /> },
          { accessor: 'opened', title: t('rate.opened'), textAlign: 'right', render: (run) => <Percent value={share(run.opened, run.accepted)} /> },
          { accessor: 'clicked', title: t('rate.clicked'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (run) => <Percent value={share(run.clicked, run.accepted)} /> },
          { accessor: 'revenue', title: t('step.revenue'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (run) => <Money value={run.revenue} currency={report.currency} short /> },
        ]}
      />
    </Panel>
  );
}
