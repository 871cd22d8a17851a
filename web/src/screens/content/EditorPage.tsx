/** One template: written, saved as a draft by itself, put in force by a deed of its own. */
import { ActionIcon, Anchor, Badge, Button, Drawer, Group, Menu, Modal, SegmentedControl, Stack, Table, Text, TextInput, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconCode, IconDots, IconHistory, IconSend, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, Problem, queries, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { ProfilePicker } from '../../parts/pickers';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import classes from './content.module.css';
import { BlockEditor } from './editor/BlockEditor';
import { CodeEditor } from './editor/CodeEditor';
import { PushComposer, SmsComposer, ZnsComposer } from './editor/Composers';
import { begin, changed, redone, type Undoable, undone, type Work } from './model';
import { plainly } from './editor/names';
import { workOf } from './work';

type Template = Schema<'TemplateView'>;

async function load(id: string) {
  const template = await call(api.GET('/api/v1/templates/{id}', { params: { path: { id } } }));
  const draft = await call(api.GET('/api/v1/templates/{id}/draft', { params: { path: { id } } })).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  });
  return { template, draft };
}

export default function EditorPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  // Read once: while somebody writes, what the server tells must not change under their hands.
  const query = useQuery({ queryKey: ['editor', id], queryFn: () => load(id), staleTime: Infinity, gcTime: 0, refetchOnMount: 'always' });
  if (query.error) return <ErrorNote m="lg" error={query.error} retry={() => void query.refetch()} />;
  if (!query.data || query.isFetching) return <div style={{ padding: 24 }}><PageSkeleton /></div>;
  return <Open key={`${id} ${query.dataUpdatedAt}`} template={query.data.template} draft={query.data.draft} again={() => void query.refetch()} />;
}

const SAVE_AFTER_MS = 1_200;

function Open({ template, draft, again }: { template: Template; draft: Schema<'TemplateDraft'> | null; again: () => void }) {
  const { t } = useTranslation('content');
  const navigate = useNavigate();
  const editable = useMay('setup.change');
  const maySend = useMay('messages.send');
  const id = template.id;
  const [state, setState] = useState<Undoable<Work>>(() => begin((draft?.template as unknown as Work | undefined) ?? workOf(template)));
  const [hasDraft, setHasDraft] = useState(draft !== null);
  const [saving, setSaving] = useState<'saved' | 'saving' | 'waiting' | 'failed'>('saved');
  const [isPublishing, setPublishing] = useState(false);
  const [open, setOpen] = useState<'history' | 'test' | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const kept = useRef(state.present);
  const work = state.present;
  const change = useCallback((next: Work, key: string) => setState((old) => changed(old, next, key, Date.now())), []);

  const save = useCallback(async (present: Work) => {
    setSaving('saving');
    try {
      await call(api.PUT('/api/v1/templates/{id}/draft', { params: { path: { id } }, body: { base_version: template.version, template: present as never } }));
      kept.current = present;
      setHasDraft(true);
      setSaving('saved');
    } catch {
      setSaving('failed');
    }
  }, [id, template.version]);

  useEffect(() => {
    if (!editable || work === kept.current) return undefined;
    setSaving('waiting');
    const timer = setTimeout(() => void save(work), SAVE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [work, editable, save]);

  useEffect(() => {
    const leave = (event: BeforeUnloadEvent) => {
      if (saving !== 'saved') event.preventDefault();
    };
    window.addEventListener('beforeunload', leave);
    return () => window.removeEventListener('beforeunload', leave);
  }, [saving]);

  useEffect(() => {
    document.title = `${work.name} · Quaylai`;
  }, [work.name]);

  const undo = () => setState(undone);
  const redo = () => setState(redone);
  const publish = async () => {
    setPublishing(true);
    setFailure(null);
    try {
      await call(api.PUT('/api/v1/templates/{id}', { params: { path: { id } }, body: { ...work, body: work.body as never } }));
      kept.current = work;
      setHasDraft(false);
      setSaving('saved');
      notify.done(t('published'));
      void refresh('templates');
      again();
    } catch (error) {
      setFailure(error);
    } finally {
      setPublishing(false);
    }
  };
  useHotkeys([['mod+z', undo], ['mod+shift+z', redo], ['mod+s', () => void save(work)]], ['INPUT', 'TEXTAREA', 'SELECT'], false);

  const drop = async () => {
    const yes = await confirm({ title: t('dropTitle'), text: t('dropText'), deed: t('drop'), isDangerous: true });
    if (!yes) return;
    try {
      await call(api.DELETE('/api/v1/templates/{id}/draft', { params: { path: { id } } }));
      again();
    } catch (error) {
      notify.failed(error);
    }
  };
  const toCode = async () => {
    const yes = await confirm({ title: t('toCodeTitle'), text: t('toCodeText'), deed: t('toCode') });
    if (!yes) return;
    try {
      const shown = await call(api.POST('/api/v1/templates/preview', { body: { template: { ...work, body: work.body as never }, sample: 'full' } }));
      if (shown.mjml) change({ ...work, body: { kind: 'mjml', source: shown.mjml } }, '');
    } catch (error) {
      notify.failed(error);
    }
  };
  const remove = async () => {
    const yes = await confirm({ title: t('removeTitle', { name: work.name }), text: t('removeText'), deed: t('removeDeed'), isDangerous: true });
    if (!yes) return;
    try {
      await call(api.DELETE('/api/v1/templates/{id}', { params: { path: { id } } }));
      void refresh('templates');
      void navigate({ to: '/content' });
    } catch (error) {
      notify.failed(error);
    }
  };
  const props = { work, change, editable };
  const kind = work.body.kind;
  return (
    <div className={classes.editor}>
      <header className={classes.bar}>
        <Tooltip label={t('backToAll')}><ActionIcon component={Link} to="/content" aria-label={t('backToAll')} size="lg"><IconArrowLeft size={20} aria-hidden /></ActionIcon></Tooltip>
        <h1 style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)', margin: 0 }}>{work.name}</h1>
        <div className={classes.barName}>
          <TextInput aria-label={t('name')} value={work.name} readOnly={!editable} onChange={(event) => change({ ...work, name: event.currentTarget.value }, 'name')} variant="unstyled" styles={{ input: { fontWeight: 600, fontSize: 16, minHeight: 32, height: 32 } }} />
        </div>
        <SegmentedControl
          size="xs" aria-label={t('purpose')} value={work.purpose} disabled={!editable} onChange={(purpose) => change({ ...work, purpose: purpose as Work['purpose'] }, 'purpose')}
          data={[{ value: 'marketing', label: t('marketing') }, { value: 'transactional', label: t('transactional') }]}
        />
        <div role="status" style={{ minWidth: 96, textAlign: 'right' }}>
          {hasDraft || saving !== 'saved' ? <StatusBadge tone={saving === 'failed' ? 'bad' : 'wait'}>{t(`saving.${saving}`)}</StatusBadge> : <StatusBadge tone="good">{t('inForce')}</StatusBadge>}
        </div>
        <Group gap={2}>
          <Tooltip label={t('undo')}><ActionIcon aria-label={t('undo')} disabled={!editable || state.past.length === 0} onClick={undo} size="lg"><IconArrowBackUp size={20} aria-hidden /></ActionIcon></Tooltip>
          <Tooltip label={t('redo')}><ActionIcon aria-label={t('redo')} disabled={!editable || state.future.length === 0} onClick={redo} size="lg"><IconArrowForwardUp size={20} aria-hidden /></ActionIcon></Tooltip>
          <Tooltip label={t('history')}><ActionIcon aria-label={t('history')} onClick={() => setOpen('history')} size="lg"><IconHistory size={20} aria-hidden /></ActionIcon></Tooltip>
          <Menu position="bottom-end">
            <Menu.Target><ActionIcon aria-label={t('moreDeeds')} size="lg"><IconDots size={20} aria-hidden /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              {kind === 'blocks' && <Menu.Item disabled={!editable} leftSection={<IconCode size={16} aria-hidden />} onClick={() => void toCode()}>{t('toCode')}</Menu.Item>}
              <Menu.Item disabled={!editable || !hasDraft} leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={() => void drop()}>{t('drop')}</Menu.Item>
              <Menu.Item color="red" disabled={!editable} leftSection={<IconTrash size={16} aria-hidden />} onClick={() => void remove()}>{t('removeDeed')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
        {work.channel === 'email' && <Button variant="default" leftSection={<IconSend size={16} aria-hidden />} disabled={!maySend} title={maySend ? undefined : t('maySendNot')} onClick={() => setOpen('test')}>{t('test.title')}</Button>}
        <Button onClick={() => void publish()} loading={isPublishing} disabled={!editable || (!hasDraft && work === kept.current)} title={editable ? undefined : t('mayChangeNot')}>{t('publish')}</Button>
      </header>
      {failure !== null && <Problems failure={failure} close={() => setFailure(null)} />}
      <div className={kind === 'blocks' ? classes.columns : undefined} style={kind === 'blocks' ? undefined : { overflow: 'auto' }}>
        {kind === 'blocks' && <BlockEditor {...props} />}
        {(kind === 'mjml' || kind === 'html' || (kind === 'text' && work.channel === 'email')) && <CodeEditor {...props} />}
        {kind === 'text' && work.channel !== 'email' && <SmsComposer {...props} />}
        {kind === 'push' && <PushComposer {...props} />}
        {kind === 'zns' && <ZnsComposer {...props} />}
      </div>
      <Drawer opened={open === 'history'} onClose={() => setOpen(null)} title={t('history')} closeButtonProps={{ 'aria-label': t('common:close') }}>
        {open === 'history' && <History id={id} current={template.version} restore={(old) => { change(workOf(old), ''); setOpen(null); notify.done(t('restored', { version: old.version })); }} editable={editable} />}
      </Drawer>
      <Modal opened={open === 'test'} onClose={() => setOpen(null)} title={t('test.title')} closeButtonProps={{ 'aria-label': t('common:close') }}>
        {open === 'test' && <TestForm id={id} isDraft={hasDraft} close={() => setOpen(null)} />}
      </Modal>
    </div>
  );
}

function Problems({ failure, close }: { failure: unknown; close: () => void }) {
  const { t } = useTranslation('content');
  const problem = asProblem(failure);
  return (
    <div style={{ padding: '8px 16px', borderBottom: '1px solid var(--ql-line)' }}>
      <ErrorNote error={problem} withCloseButton onClose={close} closeButtonLabel={t('common:close')} />
      {problem.fields.slice(0, 5).map((one, at) => {
        const { block, line, place } = one as { block?: string; line?: number; place?: string };
        return <Text key={at} size="sm" mt={4}>{[block, place, line ? t('line', { n: line }) : '', one.field, one.message].filter(Boolean).join(' · ')}</Text>;
      })}
    </div>
  );
}

function History({ id, current, restore, editable }: { id: string; current: number; restore: (old: Template) => void; editable: boolean }) {
  const { t } = useTranslation('content');
  const pages = usePages(['templates', id, 'versions'], (cursor) => call(api.GET('/api/v1/templates/{id}/versions', { params: { path: { id }, query: { limit: 30, cursor } } })));
  const uses = useQuery({ queryKey: ['templates', id, 'uses'], queryFn: () => call(api.GET('/api/v1/templates/{id}/uses', { params: { path: { id } } })) });
  const take = async (version: number) => {
    try {
      restore(await queries.fetchQuery({ queryKey: ['templates', id, 'version', version], queryFn: () => call(api.GET('/api/v1/templates/{id}/versions/{version}', { params: { path: { id, version } } })) }));
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Stack>
      <div>
        <Text fw={600} size="sm">{t('usedBy')}</Text>
        {uses.data?.items.length === 0 && <Text size="sm" c="dimmed">{t('usedNowhere')}</Text>}
        {uses.data?.items.map((one) => (
          <Anchor key={`${one.kind} ${one.id}`} component={Link} to={one.kind === 'journey' ? `/journeys/${one.id}` : `/campaigns/${one.id}`} size="sm" display="block">{t(`use.${one.kind}`)}: {one.name}</Anchor>
        ))}
      </div>
      {pages.error && <ErrorNote error={pages.error} retry={pages.retry} />}
      <Table aria-label={t('history')}>
        <Table.Tbody>
          {pages.rows.map((row) => (
            <Table.Tr key={row.version}>
              <Table.Td><Text size="sm" fw={600}>{t('version', { n: row.version })}</Text><Text size="xs" c="dimmed" lineClamp={1}>{plainly(row.subject)}</Text></Table.Td>
              <Table.Td><Text size="sm"><When at={row.created_at} /></Text></Table.Td>
              <Table.Td ta="right">
                {row.version === current ? <Badge color="teal" c="var(--mantine-color-text)">{t('inForce')}</Badge> : <Button size="compact-xs" variant="default" disabled={!editable} aria-label={t('restoreVersion', { n: row.version })} onClick={() => void take(row.version)}>{t('restore')}</Button>}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {pages.more && <Button variant="default" onClick={pages.more.load} loading={pages.more.isLoading}>{t('common:more')}</Button>}
    </Stack>
  );
}

function TestForm({ id, isDraft, close }: { id: string; isDraft: boolean; close: () => void }) {
  const { t } = useTranslation('content');
  const session = useQuery({ queryKey: ['session'], queryFn: () => call(api.GET('/api/v1/session')) }).data as { email?: string; account?: { email?: string } } | undefined;
  const [to, setTo] = useState('');
  const [profile, setProfile] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const own = session?.email ?? session?.account?.email ?? '';
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const message = await call(api.POST('/api/v1/templates/{id}/test', { params: { path: { id } }, body: { to: to || own, profile_id: profile } }));
      notify.done(t('test.sent', { to: message.address ?? to }));
      close();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void send(); }}>
      <Stack>
        <Text size="sm" c="dimmed">{t('test.text')}</Text>
        {isDraft && <StatusBadge tone="wait">{t('test.draft')}</StatusBadge>}
        <TextInput data-autofocus type="email" required={!own} label={t('test.to')} placeholder={own} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        <ProfilePicker label={t('test.as')} required value={profile} onChange={setProfile} />
        {error !== null && <ErrorNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('common:cancel')}</Button>
          <Button type="submit" loading={isBusy} disabled={!profile} leftSection={<IconSend size={16} aria-hidden />}>{t('test.send')}</Button>
        </Group>
      </Stack>
    </form>
  );
}
