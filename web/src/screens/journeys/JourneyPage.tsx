/** One journey: its picture, its settings, its figures. */
import { ActionIcon, Alert, Anchor, Badge, Button, Group, Menu, SegmentedControl, Select, Text, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconAlertCircle, IconArchive, IconArrowBackUp, IconArrowForwardUp, IconChartBar, IconCircleCheck, IconCloudCheck, IconCloudUp, IconCopy, IconDots, IconDownload, IconHistory, IconLayoutGrid, IconPlayerPause,
  IconPlayerPlay, IconRocket, IconSettings, IconTestPipe, IconUsers,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { StatusBadge } from '../../parts/StatusBadge';
import { Palette } from './canvas/Palette';
import { useMadeWords, useWords, WordsProvider } from './editor/describe';
import { Editor, EditorProvider, type NodeFigures, ofCanvas, ofDefinition, useEditor, useEditorStore } from './editor/store';
import { pending, type Saving, useChecking, useSaving } from './editor/useSaving';
import classes from './journey.module.css';
import { ListView } from './ListView';
import { type Canvas as CanvasDoc, type Definition, diff, isSameJourney, layout, TRIGGER } from './model';
import { SidePanel } from './panel/SidePanel';
import { PublishDialog } from './PublishDialog';
import { STATUS_TONES } from './status';

const Canvas = lazy(() => import('./canvas/Canvas').then((one) => ({ default: one.Canvas })));

const PERIODS = ['7', '30', '90', '365', 'all'] as const;

/** The start of a period, at the beginning of a minute: the same key for a while. */
function since(period: string): string {
  if (period === 'all') return '2000-01-01T00:00:00Z';
  const ms = Date.now() - Number(period) * 86_400_000;
  return new Date(Math.floor(ms / 60_000) * 60_000).toISOString();
}

function useFigures(id: string, isOn: boolean, period: string): Schema<'JourneyReport'> | undefined {
  const editor = useEditorStore();
  const query = useQuery({
    queryKey: ['journeys', id, 'report', period], enabled: isOn, refetchInterval: 30_000,
    queryFn: () => call(api.GET('/api/v1/journeys/{id}/report', { params: { path: { id }, query: { from: since(period) } } })),
  });
  const report = query.data;
  useEffect(() => {
    if (!isOn) {
      editor.set({ figures: null });
      return;
    }
    if (!report) return;
    const figures = new Map<string, NodeFigures>();
    const none = { active: 0, share: null, ended: {}, sent: null, opened: 0, clicked: 0, refused: 0 };
    figures.set(TRIGGER, { ...none, visits: report.entered });
    for (const node of report.nodes) {
      const messages = node.messages;
      figures.set(node.node, {
        visits: node.visits, active: node.active, share: node.share ?? null, ended: node.ended ?? {}, sent: messages ? messages.sent : null, opened: messages?.opened ?? 0,
        clicked: messages?.clicked ?? 0, refused: messages ? Object.values(messages.refused).reduce((sum, one) => sum + one, 0) : 0,
      });
    }
    editor.set({ figures });
  }, [editor, isOn, report]);
  return isOn ? report : undefined;
}

function ReportBar({ report, period, setPeriod }: { report: Schema<'JourneyReport'> | undefined; period: string; setPeriod: (period: string) => void }) {
  const { t } = useTranslation('journeys');
  const { formats } = useWords();
  const revenue = report?.revenue.by_currency ?? [];
  const figure = (label: string, value: string) => <span className={classes.figure}><b>{value}</b>{label}</span>;
  return (
    <section className={classes.report} aria-label={t('report.title')}>
      <Select
        size="xs" w={150} aria-label={t('report.period')} value={period} allowDeselect={false} data={PERIODS.map((one) => ({ value: one, label: t(`period.${one}`) }))} onChange={(value) => value && setPeriod(value)}
      />
      {figure(t('report.entered'), report ? formats.number(report.entered) : '…')}
      {figure(t('report.active'), report ? formats.number(report.active) : '…')}
      {figure(t('report.goal'), report ? (report.goal_rate === null || report.goal_rate === undefined ? '–' : formats.percent(report.goal_rate)) : '…')}
      {figure(t('report.exited'), report ? formats.number(report.exited + report.failed) : '…')}
      {figure(t('report.sent'), report ? formats.number(report.messages.sent) : '…')}
      {figure(t('report.revenue', { days: report?.revenue.days ?? 7 }), revenue.length > 0 ? revenue.map((one) => formats.money(toMinor(one.revenue, one.currency), one.currency)).join(' + ') : '–')}
    </section>
  );
}

function toMinor(amount: number, currency: string): number {
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 0;
  return Math.round(amount * 10 ** digits);
}

function SavingNote({ saving, retry, overwrite }: { saving: Saving; retry: () => void; overwrite: () => void }) {
  const { t } = useTranslation('journeys');
  if (saving === 'failed') return <Anchor component="button" type="button" size="sm" c="var(--ql-bad)" onClick={retry}>{t('saving.failed')}</Anchor>;
  if (saving === 'conflict') return <Anchor component="button" type="button" size="sm" c="var(--ql-bad)" onClick={overwrite}>{t('saving.conflict')}</Anchor>;
  const Icon = saving === 'saved' ? IconCloudCheck : IconCloudUp;
  return (
    <Tooltip label={t(`saving.${saving}`)}>
      <span role="status" data-saving={saving} aria-label={t(`saving.${saving}`)} style={{ display: 'inline-flex', flex: 'none' }}><Icon size={19} stroke={1.7} aria-hidden color="var(--mantine-color-dimmed)" /></span>
    </Tooltip>
  );
}

interface Loaded {
  journey: Schema<'JourneyView'>;
  canvas: Schema<'CanvasView'>;
  published: Definition | null;
}

function Bar({ loaded, view, setView, isReport, setReport }: { loaded: Loaded; view: string; setView: (view: string) => void; isReport: boolean; setReport: (on: boolean) => void }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const navigate = useNavigate();
  const { journey } = loaded;
  const id = journey.id;
  const maySend = useMay('messages.send');
  const mayChange = useMay('setup.change');
  const definition = useEditor(ofDefinition);
  const canvas = useEditor(ofCanvas);
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const canUndo = useEditor((state) => state.history.past.length > 0);
  const canRedo = useEditor((state) => state.history.future.length > 0);
  const count = useEditor((state) => state.problems.length);
  const side = useEditor((state) => state.side);
  const isDiff = useEditor((state) => state.diff !== null);
  const [isPublishing, setPublishing] = useState(false);
  const { saving, save, overwrite, published } = useSaving(editor, { id, revision: loaded.canvas.revision, latest: journey.definition as unknown as Definition });
  useChecking(editor, id);
  const [inForce, setInForce] = useState(loaded.published);
  const hasChanges = useMemo(() => !inForce || !isSameJourney(inForce, definition), [inForce, definition]);

  useEffect(() => {
    if (isDiff && inForce) editor.set({ diff: diff(inForce, definition) });
  }, [definition, editor, inForce, isDiff]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isCommand = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (!isCommand || (key !== 'z' && key !== 'y' && key !== 's')) return;
      // A text area undoes its own typing while somebody writes in it; the steps of the journey are undone outside.
      if (key !== 's' && event.target instanceof HTMLElement && event.target.closest('[role=dialog]')) return;
      event.preventDefault();
      if (key === 's') void save().catch(notify.failed);
      else if (key === 'y' || event.shiftKey) editor.redo();
      else editor.undo();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [editor, save]);

  const toggle = (wanted: 'problems' | 'test' | 'runs' | 'settings'): void => editor.set({ side: side === wanted ? null : wanted, ...(side === wanted ? { path: null } : {}), ...(wanted === 'runs' ? { selected: [] } : {}) });
  const act = async (deed: 'pause' | 'resume' | 'archive'): Promise<void> => {
    const inside = journey.active_runs ?? 0;
    const isSure = await confirm({ title: t(`act.${deed}Title`), text: t(`act.${deed}Text`, { count: inside }), deed: t(`act.${deed}`), isDangerous: deed === 'archive' });
    if (!isSure) return;
    try {
      await save();
      const params = { params: { path: { id } } };
      if (deed === 'pause') await call(api.POST('/api/v1/journeys/{id}/pause', params));
      else if (deed === 'resume') await call(api.POST('/api/v1/journeys/{id}/resume', params));
      else await call(api.POST('/api/v1/journeys/{id}/archive', params));
      await refresh('journeys');
      notify.done(t(`act.${deed}Done`));
      if (deed === 'archive') await navigate({ to: '/journeys' });
    } catch (error) {
      notify.failed(error);
    }
  };
  const copyWhole = async (): Promise<void> => {
    try {
      const made = await call(api.POST('/api/v1/journeys', { body: { ...(journey.definition as unknown as Definition), name: t('copyName', { name: definition.name }).slice(0, 200) } as never }));
      await refresh('journeys');
      await navigate({ to: '/journeys/$id', params: { id: made.id } });
    } catch (error) {
      notify.failed(error);
    }
  };
  const download = (): void => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(definition, null, 2)], { type: 'application/json' }));
    link.download = `${id}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const arrange = (free: boolean): void => {
    if (!free) editor.editCanvas((now) => ({ ...now, free: false, places: {} }));
    else editor.editCanvas((now) => ({ ...now, free: true, places: Object.fromEntries(layout(editor.doc.definition).places) }));
  };
  const isRunning = journey.status === 'active' || journey.status === 'paused';
  return (
    <>
      <header className={classes.bar}>
        <Group gap="sm" wrap="nowrap" miw={0} style={{ flex: '1 1 260px' }}>
          <ActionIcon component={Link} to="/journeys" aria-label={t('back')} size={34}><IconArrowBackUp size={19} aria-hidden /></ActionIcon>
          <h1 className={classes.name}><button type="button" className={classes.nameButton} onClick={() => toggle('settings')} title={t('settings.title')}>{definition.name || t('unnamed')}</button></h1>
          <StatusBadge tone={STATUS_TONES[journey.status] ?? 'calm'}>{t(`status.${journey.status}`)}</StatusBadge>
          {isRunning && hasChanges && !isReadOnly && (
            <Badge variant="light" component="button" type="button" style={{ cursor: 'pointer', '--badge-bg': 'var(--ql-wait-tint)', '--badge-color': 'var(--ql-wait)' }} aria-pressed={isDiff} onClick={() => editor.set({ diff: isDiff || !inForce ? null : diff(inForce, definition) })}>{t('changed')}</Badge>
          )}
          {!isReadOnly && <SavingNote saving={saving} retry={() => void save().catch(notify.failed)} overwrite={() => void overwrite().catch(notify.failed)} />}
        </Group>
        <Group gap={6} wrap="wrap" justify="flex-end">
          <SegmentedControl size="xs" aria-label={t('view.label')} value={view} onChange={setView} data={[{ value: 'canvas', label: t('view.canvas') }, { value: 'list', label: t('view.list') }]} />
          <Tooltip label={t('undo')}><ActionIcon size={34} aria-label={t('undo')} disabled={!canUndo || isReadOnly} onClick={() => editor.undo()}><IconArrowBackUp size={19} aria-hidden /></ActionIcon></Tooltip>
          <Tooltip label={t('redo')}><ActionIcon size={34} aria-label={t('redo')} disabled={!canRedo || isReadOnly} onClick={() => editor.redo()}><IconArrowForwardUp size={19} aria-hidden /></ActionIcon></Tooltip>
          <Button
            size="xs" variant={side === 'problems' ? 'light' : 'default'} leftSection={count > 0 ? <IconAlertCircle size={16} aria-hidden color="var(--ql-bad)" /> : <IconCircleCheck size={16} aria-hidden color="var(--ql-good)" />}
            aria-pressed={side === 'problems'} onClick={() => toggle('problems')}
          >
            {count > 0 ? t('problems.count', { count }) : t('problems.ready')}
          </Button>
          <Button size="xs" variant={side === 'test' ? 'light' : 'default'} aria-pressed={side === 'test'} leftSection={<IconTestPipe size={16} aria-hidden />} onClick={() => toggle('test')}>{t('test.button')}</Button>
          {isRunning && (
            <>
              <Button size="xs" variant={isReport ? 'light' : 'default'} aria-pressed={isReport} leftSection={<IconChartBar size={16} aria-hidden />} onClick={() => setReport(!isReport)}>{t('report.button')}</Button>
              <Button size="xs" variant={side === 'runs' ? 'light' : 'default'} aria-pressed={side === 'runs'} leftSection={<IconUsers size={16} aria-hidden />} onClick={() => toggle('runs')}>{t('runs.button')}</Button>
            </>
          )}
          <Menu position="bottom-end">
            <Menu.Target><ActionIcon size={34} aria-label={t('more')}><IconDots size={19} aria-hidden /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconSettings size={16} />} onClick={() => toggle('settings')}>{t('settings.title')}</Menu.Item>
              <Menu.Item leftSection={<IconHistory size={16} />} onClick={() => void navigate({ to: '/journeys/$id/versions', params: { id } })}>{t('version.title')}</Menu.Item>
              {!isReadOnly && <Menu.Item leftSection={<IconLayoutGrid size={16} />} onClick={() => arrange(!canvas.free)}>{canvas.free ? t('arrange.auto') : t('arrange.free')}</Menu.Item>}
              {inForce && hasChanges && !isReadOnly && <Menu.Item leftSection={<IconArrowBackUp size={16} />} onClick={() => editor.replace({ ...editor.doc, definition: inForce })}>{t('discard')}</Menu.Item>}
              {mayChange && <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => void copyWhole()}>{t('duplicate')}</Menu.Item>}
              <Menu.Item leftSection={<IconDownload size={16} />} onClick={download}>{t('download')}</Menu.Item>
              <Menu.Divider />
              {journey.status === 'active' && <Menu.Item disabled={!maySend} leftSection={<IconPlayerPause size={16} />} onClick={() => void act('pause')}>{t('act.pause')}</Menu.Item>}
              {journey.status === 'paused' && <Menu.Item disabled={!maySend} leftSection={<IconPlayerPlay size={16} />} onClick={() => void act('resume')}>{t('act.resume')}</Menu.Item>}
              <Menu.Item color="red" disabled={!maySend || journey.status === 'archived'} leftSection={<IconArchive size={16} />} onClick={() => void act('archive')}>{t('act.archive')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {journey.status === 'paused' ? (
            <Button size="xs" leftSection={<IconPlayerPlay size={16} aria-hidden />} disabled={!maySend} onClick={() => void act('resume')}>{t('act.resume')}</Button>
          ) : journey.status !== 'archived' && (
            <Tooltip label={maySend ? t('publish.nothing') : t('publish.notAllowed')} disabled={maySend && hasChanges}>
              <Button size="xs" leftSection={<IconRocket size={16} aria-hidden />} disabled={!maySend || !hasChanges} onClick={() => setPublishing(true)}>{t('publish.button')}</Button>
            </Tooltip>
          )}
        </Group>
      </header>
      {journey.status === 'paused' && journey.detail && <Note tone="bad" title={t('stopped.title')} mx="md" my="xs">{t('stopped.text')} {journey.detail}</Note>}
      {isPublishing && (
        <PublishDialog
          id={id} opened close={() => setPublishing(false)} published={inForce} save={save}
          done={async (definition2) => {
            setInForce(definition2);
            editor.set({ diff: null });
            await published(definition2);
          }}
        />
      )}
    </>
  );
}

function Whole({ loaded }: { loaded: Loaded }) {
  const { t } = useTranslation('journeys');
  const isPhone = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const [view, setView] = useState(isPhone ? 'list' : 'canvas');
  const [isReport, setReport] = useState(false);
  const [period, setPeriod] = useState<string>('30');
  const report = useFigures(loaded.journey.id, isReport, period);
  const isDiff = useEditor((state) => state.diff !== null);
  const editor = useEditorStore();
  useEffect(() => {
    document.title = `${loaded.journey.name} · Quaylai`;
  }, [loaded.journey.name]);
  return (
    <div className={classes.page}>
      <Bar loaded={loaded} view={view} setView={setView} isReport={isReport} setReport={setReport} />
      {isReport && <ReportBar report={report} period={period} setPeriod={setPeriod} />}
      {isDiff && (
        <div className={classes.diffBar}>
          <Text size="sm">{t('diff.legend')}</Text>
          <StatusBadge tone="good">{t('diff.added')}</StatusBadge>
          <StatusBadge tone="wait">{t('diff.changed')}</StatusBadge>
          <Button size="compact-xs" variant="default" onClick={() => editor.set({ diff: null })}>{t('diff.hide')}</Button>
        </div>
      )}
      {loaded.journey.status === 'archived' && <Alert color="gray" radius={0}>{t('archived')}</Alert>}
      <div className={classes.work}>
        {view === 'list' ? <ListView /> : <Suspense fallback={<PageSkeleton />}><Canvas /></Suspense>}
        <SidePanel journeyId={loaded.journey.id} />
      </div>
      <Palette />
    </div>
  );
}

const EMPTY: CanvasDoc = { free: false, places: {}, notes: [] };

function Opened({ loaded }: { loaded: Loaded }) {
  const mayChange = useMay('setup.change');
  const words = useMadeWords();
  const [editor] = useState(() => {
    const definition = (loaded.canvas.draft ?? loaded.journey.definition) as unknown as Definition;
    const canvas = { ...EMPTY, ...(loaded.canvas.canvas as unknown as CanvasDoc) };
    return new Editor({ definition, canvas }, !mayChange || loaded.journey.status === 'archived');
  });
  return (
    <WordsProvider value={words}>
      <EditorProvider value={editor}>
        <Whole loaded={loaded} />
      </EditorProvider>
    </WordsProvider>
  );
}

export default function JourneyPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const loaded = useQuery({
    queryKey: ['journeys', id, 'whole'], gcTime: 0, staleTime: 0,
    queryFn: async (): Promise<Loaded> => {
      await pending.get(id);
      const [journey, canvas] = await Promise.all([
        call(api.GET('/api/v1/journeys/{id}', { params: { path: { id } } })), call(api.GET('/api/v1/journeys/{id}/canvas', { params: { path: { id } } })),
      ]);
      const published = journey.published
        ? journey.published === journey.latest
          ? (journey.definition as unknown as Definition)
          : ((await call(api.GET('/api/v1/journeys/{id}/versions/{version}', { params: { path: { id: journey.id, version: journey.published } } }))).definition as unknown as Definition)
        : null;
      return { journey, canvas, published };
    },
  });
  // What is being written is kept when the server tells of a change; only another journey begins anew.
  if (loaded.isError && !loaded.data) return <ErrorNote error={loaded.error} retry={() => void loaded.refetch()} m="xl" />;
  if (!loaded.data) return <PageSkeleton />;
  return <Opened key={loaded.data.journey.id} loaded={loaded.data} />;
}
