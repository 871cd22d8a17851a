import { ActionIcon, Anchor, Button, Group, Menu, SegmentedControl, Select, Skeleton, Stack, Switch, Text, TextInput, Tooltip, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArchive, IconCalendar, IconCopy, IconDots, IconEdit, IconList, IconPlayerPause, IconPlayerPlay, IconPlus, IconRepeat, IconSearch, IconSend, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Money, Num, Percent, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/Reason';
import { usePages } from '../../parts/usePages';
import { useDeeds } from './deeds';
import { CHANNELS, type CampaignView, definitionOf, isOver, share, STATES } from './model';
import { useScheduleWords } from './schedule';
import { CampaignState } from './state';

const Calendar = lazy(() => import('./Calendar'));

interface Search {
  view?: 'list' | 'calendar';
  state?: string;
  channel?: string;
  q?: string;
  archived?: boolean;
}

export default function CampaignsPage() {
  const { t } = useTranslation('campaigns');
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const mayChange = useMay('setup.change');
  const change = (more: Partial<Search>) =>
    void navigate({ to: '/campaigns', search: { ...search, ...more } as never, replace: true });
  const view = search.view ?? 'list';
  const create = mayChange && <Button component={Link} to="/campaigns/new" leftSection={<IconPlus size={16} aria-hidden />}>{t('list.create')}</Button>;
  return (
    <Page
      title={t('list.title')} text={t('list.text')}
      actions={
        <>
          <SegmentedControl
            aria-label={t('list.view')} value={view} onChange={(value) => change({ view: value as Search['view'] })}
            data={[
              { value: 'list', label: <Group gap={6} wrap="nowrap"><IconList size={16} aria-hidden />{t('list.asList')}</Group> },
              { value: 'calendar', label: <Group gap={6} wrap="nowrap"><IconCalendar size={16} aria-hidden />{t('list.asCalendar')}</Group> },
            ]}
          />
          {create}
        </>
      }
    >
      {view === 'calendar' ? (
        <Suspense fallback={<Skeleton h={520} radius="lg" />}><Calendar /></Suspense>
      ) : (
        <List search={search} change={change} create={create} />
      )}
    </Page>
  );
}

function List({ search, change, create }: { search: Search; change: (more: Partial<Search>) => void; create: React.ReactNode }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const inWords = useScheduleWords();
  const navigate = useNavigate();
  const [typed, setTyped] = useState(search.q ?? '');
  const [wanted] = useDebouncedValue(typed, 250);
  const query = { state: search.state, channel: search.channel, archived: search.archived, search: wanted || undefined };
  const pages = usePages<CampaignView>(['campaigns', 'list', query], (cursor) =>
    call(api.GET('/api/v1/campaigns', { params: { query: { ...query, limit: 25, cursor } } })));
  const figures = useFigures(pages.rows.filter((one) => one.runs > 0).map((one) => one.id));
  const isFiltered = !!(search.state || search.channel || wanted || search.archived);
  const numbers = (one: CampaignView, show: (found: Schema<'CampaignFigures'>) => React.ReactNode) => {
    if (one.runs === 0) return <Text size="sm" c="dimmed">–</Text>;
    const found = figures.get(one.id);
    return found ? show(found) : <Skeleton h={14} w={48} ml="auto" />;
  };
  return (
    <Stack gap="md">
      <Group gap="sm" align="flex-end" role="search">
        <TextInput
          value={typed} onChange={(event) => setTyped(event.currentTarget.value)} aria-label={t('list.search')} placeholder={t('list.search')}
          leftSection={<IconSearch size={16} aria-hidden />} style={{ flex: '1 1 220px' }} maw={360}
        />
        <Select
          aria-label={t('list.state')} placeholder={t('list.everyState')} clearable w={170} value={search.state ?? null}
          data={STATES.map((state) => ({ value: state, label: t(`state.${state}`) }))} onChange={(state) => change({ state: state ?? undefined })}
        />
        <Select
          aria-label={t('list.channel')} placeholder={t('list.everyChannel')} clearable w={160} value={search.channel ?? null}
          data={CHANNELS.map((channel) => ({ value: channel, label: words.channel(channel) }))} onChange={(channel) => change({ channel: channel ?? undefined })}
        />
        <Switch
          label={t('list.archived')} checked={search.archived ?? false} mb={8}
          onChange={(event) => change({ archived: event.currentTarget.checked || undefined })}
        />
      </Group>
      <DataTable
        records={pages.rows} fetching={pages.isPending} error={pages.error} retry={pages.retry} more={pages.more} idAccessor="id"
        onRowClick={({ record }) => void navigate({ to: `/campaigns/${record.id}${record.state === 'draft' ? '/edit' : ''}` })}
        rowClassName="ql-row-link"
        empty={
          <EmptyState
            Icon={IconSend} title={isFiltered ? t('list.noneTitle') : t('list.emptyTitle')} text={isFiltered ? t('list.noneText') : t('list.emptyText')}
            action={isFiltered ? <Button variant="default" onClick={() => { setTyped(''); change({ state: undefined, channel: undefined, archived: undefined }); }}>{t('list.clear')}</Button> : create}
          />
        }
        columns={[
          {
            accessor: 'name', title: t('column.campaign'),
            render: (one) => (
              <Stack gap={2} miw={180}>
                <Anchor component={Link} to={`/campaigns/${one.id}${one.state === 'draft' ? '/edit' : ''}`} fw={600} c="inherit" onClick={(event) => event.stopPropagation()}>{one.name}</Anchor>
                <Text size="xs" c="dimmed">{words.channel(one.channel)} · {inWords(definitionOf(one).schedule)}</Text>
              </Stack>
            ),
          },
          {
            accessor: 'state', title: t('column.state'),
            render: (one) => (
              <Stack gap={2} align="flex-start">
                <CampaignState state={one.state} />
                {one.next_at && (
                  <Group gap={4} wrap="nowrap">
                    {definitionOf(one).schedule.type === 'recurring' && <IconRepeat size={14} role="img" aria-label={t('list.recurs')} />}
                    <Text size="xs" c="dimmed"><When at={one.next_at} full /></Text>
                  </Group>
                )}
              </Stack>
            ),
          },
          { accessor: 'audience', title: t('column.audience'), textAlign: 'right', visibleMediaQuery: '(min-width: 62em)', render: (one) => numbers(one, (found) => <Num value={found.audience} />) },
          {
            accessor: 'accepted', title: t('column.sent'), textAlign: 'right',
            render: (one) => numbers(one, (found) => <Num value={found.accepted} />),
          },
          { accessor: 'opened', title: t('column.opened'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (one) => numbers(one, (found) => <RateOf part={found.opened} of={found.accepted} />) },
          { accessor: 'clicked', title: t('column.clicked'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (one) => numbers(one, (found) => <RateOf part={found.clicked} of={found.accepted} />) },
          { accessor: 'revenue', title: t('column.revenue'), textAlign: 'right', visibleMediaQuery: '(min-width: 62em)', render: (one) => numbers(one, (found) => <Money value={found.revenue} currency={found.currency} short />) },
          { accessor: 'deeds', title: <VisuallyHidden>{t('column.deeds')}</VisuallyHidden>, width: 56, render: (one) => <Deeds one={one} /> },
        ]}
      />
    </Stack>
  );
}

function RateOf({ part, of }: { part: number; of: number }) {
  const { t } = useTranslation('campaigns');
  return (
    <Tooltip label={t('people', { count: part })}>
      <span><Percent value={share(part, of)} /></span>
    </Tooltip>
  );
}

/** Numbers that take a while to add up come after the list. */
function useFigures(ids: string[]): Map<string, Schema<'CampaignFigures'>> {
  const query = useQuery({
    queryKey: ['campaigns', 'figures', ids],
    queryFn: async () => {
      const parts: string[][] = [];
      for (let at = 0; at < ids.length; at += 50) parts.push(ids.slice(at, at + 50));
      const found = await Promise.all(parts.map((part) => call(api.GET('/api/v1/campaigns/figures', { params: { query: { ids: part.join(',') } } }))));
      return found.flatMap((one) => one.items);
    },
    enabled: ids.length > 0,
    placeholderData: (before) => before,
  });
  return new Map((query.data ?? []).map((one) => [one.id, one]));
}

export function Deeds({ one }: { one: CampaignView }) {
  const { t } = useTranslation('campaigns');
  const deeds = useDeeds();
  const mayChange = useMay('setup.change');
  const maySend = useMay('messages.send');
  if (!mayChange && !maySend) return null;
  const is = (...states: string[]) => states.includes(one.state);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={t('list.deedsOf', { name: one.name })} onClick={(event) => event.stopPropagation()}><IconDots size={18} aria-hidden /></ActionIcon>
      </Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        {is('draft', 'scheduled', 'paused') && mayChange && <Menu.Item component={Link} to={`/campaigns/${one.id}/edit`} leftSection={<IconEdit size={16} aria-hidden />}>{t('deed.edit')}</Menu.Item>}
        {is('scheduled', 'sending') && maySend && <Menu.Item leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => void deeds.pause(one)}>{t('deed.pause')}</Menu.Item>}
        {is('paused') && maySend && <Menu.Item leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => void deeds.resume(one)}>{t('deed.resume')}</Menu.Item>}
        {mayChange && <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => void deeds.duplicate(one)}>{t('deed.duplicate')}</Menu.Item>}
        {mayChange && !one.archived_at && (is('draft') || isOver(one.state)) && <Menu.Item leftSection={<IconArchive size={16} aria-hidden />} onClick={() => void deeds.archive(one)}>{t('deed.archive')}</Menu.Item>}
        {mayChange && one.archived_at && <Menu.Item leftSection={<IconArchive size={16} aria-hidden />} onClick={() => void deeds.restore(one)}>{t('deed.restore')}</Menu.Item>}
        {is('scheduled', 'sending', 'paused') && maySend && <Menu.Item color="red" onClick={() => void deeds.cancel(one)}>{t('deed.cancel')}</Menu.Item>}
        {is('draft') && mayChange && <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => void deeds.remove(one)}>{t('deed.remove')}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
