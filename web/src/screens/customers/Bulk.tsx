/** One deed for many: what is chosen, what can be done with it, and how far it is. */
import { ActionIcon, Autocomplete, Button, Group, Menu, Modal, Paper, Progress, Select, Stack, Text, Tooltip } from '@mantine/core';
import { IconChevronDown, IconDownload, IconListCheck, IconTagPlus, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { useWords } from '../../parts/Reason';
import classes from './customers.module.css';
import { ATTRIBUTE, asked, CHANNELS, type Choice, type Chosen } from './model';

export type Deed = 'add_tag' | 'remove_tag' | 'add_to_list' | 'remove_from_list' | 'start_journey' | 'suppress' | 'export';
type Job = Schema<'JobView'>;

interface Who {
  choice: Choice;
  snapshot?: string;
  chosen: Chosen;
  count: number;
}

function useChoices(deed: Deed) {
  const words = useWords();
  const lists = useQuery({ queryKey: ['segments', 'lists'], enabled: deed === 'add_to_list' || deed === 'remove_from_list', queryFn: async () => (await call(api.GET('/api/v1/lists'))).items });
  const journeys = useQuery({ queryKey: ['journeys', 'names'], enabled: deed === 'start_journey', queryFn: async () => (await call(api.GET('/api/v1/journeys'))).items });
  const facets = useQuery({ queryKey: ['people', 'facets'], enabled: deed === 'add_tag' || deed === 'remove_tag', queryFn: () => call(api.GET('/api/v1/people/facets')) });
  switch (deed) {
    case 'add_to_list': case 'remove_from_list': return (lists.data ?? []).map((one) => ({ value: one.id, label: one.name }));
    case 'start_journey': return (journeys.data ?? []).filter((one) => one.status === 'active').map((one) => ({ value: one.id, label: one.name }));
    case 'suppress': return CHANNELS.map((value) => ({ value: value as string, label: words.channel(value) }));
    default: return (facets.data?.tags ?? []).map((one) => ({ value: one.value, label: one.value }));
  }
}

function Ask({ deed, who, columns, close, begun }: { deed: Deed; who: Who; columns: string[]; close: () => void; begun: (job: Job) => void }) {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const choices = useChoices(deed);
  const [value, setValue] = useState('');
  const [isBusy, setBusy] = useState(false);
  const count = formats.number(who.count);
  const isReady = deed === 'export' || value.trim() !== '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setBusy(true);
    const people = who.chosen.all
      ? { choice: asked(who.choice), without: [...who.chosen.ids], ...(who.snapshot ? { snapshot: who.snapshot } : {}) }
      : { ids: [...who.chosen.ids] };
    const exported = ['profile_id', 'email', 'phone', 'attribute:name', 'attribute:first_name', 'attribute:last_name', 'tags', 'orders', 'revenue', 'currency', 'last_order_at', 'last_seen_at', ...columns.filter((id) => id.startsWith(ATTRIBUTE))];
    const body = { action: deed, value, ...people, ...(deed === 'export' ? { columns: exported } : {}) } as Schema<'BulkCall'>;
    call(api.POST('/api/v1/people/bulk', { body, headers: onceKey() }))
      .then((job) => { begun(job); close(); }, notify.failed)
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={close} title={t(`deed.${deed}.title`, { count: who.count, shown: count })}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t(`deed.${deed}.text`)}</Text>
          {deed === 'add_tag' ? (
            <Autocomplete data-autofocus label={t('deed.tag')} placeholder={t('deed.tagExample')} maxLength={100} data={choices.map((one) => one.value)} value={value} onChange={setValue} />
          ) : deed !== 'export' && (
            <Select
              data-autofocus searchable label={t(`deed.${deed}.choose`)} data={choices} value={value || null} onChange={(found) => setValue(found ?? '')}
              nothingFoundMessage={t('nothingToChoose')} description={choices.length === 0 ? t(`deed.${deed}.none`) : undefined}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('common:cancel')}</Button>
            <Button type="submit" loading={isBusy} disabled={!isReady}>{t(`deed.${deed}.do`, { count: who.count, shown: count })}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const ENDED = ['completed', 'cancelled', 'failed', 'undone'];

interface Progressed {
  total?: number;
  done?: number;
  changed?: number;
  undone?: number;
  can_undo?: boolean;
  rows?: number;
  error?: string | null;
}

/** How far a deed is; says when it is done, and offers to take it back. */
function Running({ id, name, deed, total, gone }: { id: string; name: string; deed: Deed; total: number; gone: () => void }) {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const mayStop = useMay('people.import');
  const job = useQuery({
    queryKey: ['jobs', id],
    queryFn: () => call(api.GET('/api/v1/jobs/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data && ENDED.includes(query.state.data.state) ? false : 600),
  });
  const progress = (job.data?.progress ?? {}) as Progressed;
  const state = job.data?.state ?? 'waiting';
  const told = useRef('');
  useEffect(() => {
    if (!ENDED.includes(state) || told.current === state) return;
    told.current = state;
    if (deed !== 'export') void refresh('people', 'customer-list');
    const changed = formats.number(progress.changed ?? 0);
    if (state === 'failed') notify.failed(new Error(progress.error ?? ''));
    else if (state === 'undone') notify.done(t('job.undone'));
    else if (deed !== 'export' && progress.can_undo) {
      notify.undo(t(`job.${deed}`, { count: progress.changed ?? 0, shown: changed, name }), async () => {
        await call(api.POST('/api/v1/people/bulk/{id}/undo', { params: { path: { id } } }));
        await job.refetch();
      });
    } else if (deed !== 'export') notify.done(t(`job.${deed}`, { count: progress.changed ?? 0, shown: changed, name }));
  }, [state]);
  const isEnded = ENDED.includes(state);
  if (isEnded && deed !== 'export') return null;
  const done = deed === 'export' ? (progress.rows ?? 0) : state === 'undoing' ? (progress.undone ?? 0) : (progress.done ?? 0);
  const all = state === 'undoing' ? (progress.changed ?? total) : total;
  return (
    <Paper withBorder radius="lg" p="sm" role="status">
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm" fw={500} truncate>{state === 'undoing' ? t('job.undoing') : t(`job.doing.${deed}`, { name })}</Text>
        <Group gap={4} wrap="nowrap">
          {isEnded && state === 'completed' && (
            <Button component="a" href={`/api/v1/exports/${id}/download`} size="compact-sm" leftSection={<IconDownload size={14} aria-hidden />} onClick={() => setTimeout(gone, 1_000)}>{t('job.download')}</Button>
          )}
          {!isEnded && mayStop && (
            <Button size="compact-sm" variant="subtle" onClick={() => void call(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } } })).then(() => job.refetch(), notify.failed)}>{t('job.stop')}</Button>
          )}
          <ActionIcon variant="subtle" color="gray" aria-label={t('common:close')} onClick={gone}><IconX size={15} aria-hidden /></ActionIcon>
        </Group>
      </Group>
      <Group gap="sm" wrap="nowrap" mt={6}>
        <Progress value={isEnded ? 100 : all > 0 ? (100 * done) / all : 0} animated={!isEnded} style={{ flex: 1 }} aria-label={t('job.progress')} />
        <Text size="xs" c="dimmed" className="ql-num">{formats.number(isEnded ? all : done)} / {formats.number(all)}</Text>
      </Group>
    </Paper>
  );
}

export interface Begun {
  id: string;
  deed: Deed;
  name: string;
  total: number;
}

export function Jobs({ jobs, gone }: { jobs: Begun[]; gone: (id: string) => void }) {
  if (jobs.length === 0) return null;
  return <Stack gap="xs">{jobs.map((one) => <Running key={one.id} {...one} gone={() => gone(one.id)} />)}</Stack>;
}

export function Bulk({ who, columns, clear, chooseAll, total, begun }: {
  who: Who; columns: string[]; clear: () => void; chooseAll: () => void; total: number; begun: (job: Begun) => void;
}) {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const [deed, setDeed] = useState<Deed | null>(null);
  const mayChange = useMay('people.change');
  const maySend = useMay('messages.send');
  const mayExport = useMay('people.export');
  if (who.count === 0 && !deed) return null;
  const shown = formats.number(who.count);
  const item = (one: Deed, allowed: boolean) => (
    <Tooltip key={one} label={t('notAllowed')} disabled={allowed} position="left">
      <div><Menu.Item disabled={!allowed} onClick={() => setDeed(one)}>{t(`deed.${one}.name`)}</Menu.Item></div>
    </Tooltip>
  );
  return (
    <>
      {who.count > 0 && (
        <div className={classes.bulk} role="toolbar" aria-label={t('bulk')}>
          <Text size="sm" fw={600} aria-live="polite">{t('chosen', { count: who.count, shown })}</Text>
          {!who.chosen.all && total > who.count && <Button variant="subtle" size="compact-sm" onClick={chooseAll}>{t('chooseAllOf', { count: total, shown: formats.number(total) })}</Button>}
          {mayChange && <Button size="compact-md" variant="light" leftSection={<IconTagPlus size={16} aria-hidden />} onClick={() => setDeed('add_tag')}>{t('deed.add_tag.name')}</Button>}
          {mayChange && <Button size="compact-md" variant="light" leftSection={<IconListCheck size={16} aria-hidden />} onClick={() => setDeed('add_to_list')}>{t('deed.add_to_list.name')}</Button>}
          <Menu position="top-end" withinPortal>
            <Menu.Target><Button size="compact-md" variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>{t('moreDeeds')}</Button></Menu.Target>
            <Menu.Dropdown>
              {item('remove_tag', mayChange)}
              {item('remove_from_list', mayChange)}
              {item('start_journey', mayChange && maySend)}
              {item('suppress', mayChange)}
              <Menu.Divider />
              {item('export', mayExport && mayChange)}
            </Menu.Dropdown>
          </Menu>
          <ActionIcon variant="subtle" color="gray" onClick={clear} aria-label={t('chooseNobody')}><IconX size={16} aria-hidden /></ActionIcon>
        </div>
      )}
      {deed && (
        <Ask
          deed={deed} who={who} columns={columns} close={() => setDeed(null)}
          begun={(job) => { clear(); begun({ id: job.id, deed, name: deed === 'suppress' ? '' : job.name, total: who.count }); }}
        />
      )}
    </>
  );
}
