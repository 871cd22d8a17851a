/** All journeys, with how each of them does. */
import { ActionIcon, Anchor, Button, Group, Menu, SegmentedControl, Skeleton, Text, TextInput, VisuallyHidden } from '@mantine/core';
import {
  IconArchive, IconCopy, IconDots, IconLayoutGrid, IconPencil, IconPlayerPause, IconPlayerPlay, IconPlus, IconRoute, IconSearch,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Money, Num, Percent, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { StatusBadge } from '../../parts/StatusBadge';
import { plain } from './canvas/Palette';
import { NewJourney } from './NewJourney';
import { STATUS_TONES } from './status';

type Journey = Schema<'JourneyView'>;
type Numbers = Schema<'JourneyNumbers'>;
const STATES = ['all', 'active', 'draft', 'paused', 'archived'] as const;

function RowMenu({ journey }: { journey: Journey }) {
  const { t } = useTranslation('journeys');
  const navigate = useNavigate();
  const maySend = useMay('messages.send');
  const mayChange = useMay('setup.change');
  const params = { params: { path: { id: journey.id } } };
  const act = async (deed: 'pause' | 'resume' | 'archive'): Promise<void> => {
    const isSure = await confirm({ title: t(`act.${deed}Title`), text: t(`act.${deed}Text`, { count: journey.active_runs ?? 0 }), deed: t(`act.${deed}`), isDangerous: deed === 'archive' });
    if (!isSure) return;
    try {
      if (deed === 'pause') await call(api.POST('/api/v1/journeys/{id}/pause', params));
      else if (deed === 'resume') await call(api.POST('/api/v1/journeys/{id}/resume', params));
      else await call(api.POST('/api/v1/journeys/{id}/archive', params));
      await refresh('journeys');
      notify.done(t(`act.${deed}Done`));
    } catch (error) {
      notify.failed(error);
    }
  };
  const copy = async (): Promise<void> => {
    try {
      const whole = await call(api.GET('/api/v1/journeys/{id}', params));
      const made = await call(api.POST('/api/v1/journeys', { body: { ...(whole.definition as object), name: t('copyName', { name: journey.name }).slice(0, 200) } as never }));
      await refresh('journeys');
      await navigate({ to: '/journeys/$id', params: { id: made.id } });
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target><ActionIcon aria-label={t('table.more', { name: journey.name })} onClick={(event) => event.stopPropagation()}><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => void navigate({ to: '/journeys/$id', params: { id: journey.id } })}>{t('table.open')}</Menu.Item>
        {mayChange && <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => void copy()}>{t('duplicate')}</Menu.Item>}
        {journey.status === 'active' && <Menu.Item disabled={!maySend} leftSection={<IconPlayerPause size={16} />} onClick={() => void act('pause')}>{t('act.pause')}</Menu.Item>}
        {journey.status === 'paused' && <Menu.Item disabled={!maySend} leftSection={<IconPlayerPlay size={16} />} onClick={() => void act('resume')}>{t('act.resume')}</Menu.Item>}
        {journey.status !== 'archived' && <Menu.Item color="red" disabled={!maySend} leftSection={<IconArchive size={16} />} onClick={() => void act('archive')}>{t('act.archive')}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

export default function JourneysPage() {
  const { t } = useTranslation('journeys');
  const navigate = useNavigate();
  const mayChange = useMay('setup.change');
  const [state, setState] = useState<(typeof STATES)[number]>('all');
  const [search, setSearch] = useState('');
  const [isNew, setNew] = useState(false);
  const journeys = useQuery({ queryKey: ['journeys', 'all'], queryFn: () => call(api.GET('/api/v1/journeys')) });
  const numbers = useQuery({ queryKey: ['journeys', 'numbers'], queryFn: () => call(api.GET('/api/v1/journeys/numbers')), staleTime: 60_000 });
  const byId = useMemo(() => new Map<string, Numbers>(numbers.data?.items.map((one) => [one.journey_id, one])), [numbers.data]);
  const all = journeys.data?.items ?? [];
  const wanted = plain(search.trim());
  const shown = all
    .filter((one) => (state === 'all' ? one.status !== 'archived' : one.status === state) && plain(one.name).includes(wanted))
    .sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  const cell = (journey: Journey, show: (numbers: Numbers) => React.ReactNode): React.ReactNode => {
    const found = byId.get(journey.id);
    return found ? show(found) : numbers.isPending ? <Skeleton h={14} w={48} /> : '–';
  };
  const actions = (
    <>
      <Button component={Link} to="/library" variant="default" leftSection={<IconLayoutGrid size={17} aria-hidden />}>{t('table.library')}</Button>
      <Button leftSection={<IconPlus size={17} aria-hidden />} disabled={!mayChange} onClick={() => setNew(true)}>{t('table.new')}</Button>
    </>
  );
  return (
    <Page title={t('title')} text={t('aboutPage')} actions={actions}>
      {journeys.data && all.length === 0 ? (
        <EmptyState
          Icon={IconRoute} title={t('table.empty')} text={t('table.emptyText')}
          action={<Group justify="center"><Button component={Link} to="/library">{t('table.library')}</Button><Button variant="default" disabled={!mayChange} onClick={() => setNew(true)}>{t('table.new')}</Button></Group>}
        />
      ) : (
        <>
          <Group gap="sm">
            <div style={{ maxWidth: '100%', overflowX: 'auto' }} tabIndex={-1}>
              <SegmentedControl aria-label={t('table.state')} value={state} onChange={(value) => setState(value as typeof state)} data={STATES.map((one) => ({ value: one, label: t(`filter.${one}`) }))} />
            </div>
            <TextInput aria-label={t('table.search')} placeholder={t('table.search')} leftSection={<IconSearch size={16} aria-hidden />} value={search} w={260} onChange={(event) => setSearch(event.currentTarget.value)} />
          </Group>
          <DataTable<Journey>
            records={shown} fetching={journeys.isPending} error={journeys.error} retry={() => void journeys.refetch()} idAccessor="id"
            onRowClick={({ record }) => void navigate({ to: '/journeys/$id', params: { id: record.id } })} rowClassName="ql-row-link" noRecordsText={t('table.nothing')}
            columns={[
              {
                accessor: 'name', title: t('table.name'),
                render: (one) => (
                  <div style={{ minWidth: 170 }}>
                    <Anchor component={Link} to={`/journeys/${one.id}`} fw={600} c="inherit" onClick={(event) => event.stopPropagation()}>{one.name}</Anchor>
                    {one.published && one.latest > one.published ? <Text size="xs" c="dimmed">{t('changed')}</Text> : null}
                  </div>
                ),
              },
              { accessor: 'status', title: t('table.status'), render: (one) => <StatusBadge tone={STATUS_TONES[one.status] ?? 'calm'}>{t(`status.${one.status}`)}</StatusBadge> },
              { accessor: 'entered', title: t('report.entered'), textAlign: 'right', render: (one) => cell(one, (told) => <Num value={told.entered} />) },
              { accessor: 'active', title: t('report.active'), textAlign: 'right', render: (one) => cell(one, (told) => <Num value={told.active} />) },
              { accessor: 'goal', title: t('report.goal'), textAlign: 'right', render: (one) => cell(one, (told) => <Percent value={told.goal_rate} />) },
              {
                accessor: 'revenue', title: t('table.revenue'), textAlign: 'right',
                render: (one) => cell(one, (told) => (told.revenue.length > 0 ? told.revenue.map((money) => <div key={money.currency}><Money value={money.minor} currency={money.currency} short /></div>) : '–')),
              },
              { accessor: 'updated_at', title: t('table.edited'), render: (one) => <When at={one.updated_at} /> },
              { accessor: 'deeds', title: <VisuallyHidden>{t('more')}</VisuallyHidden>, width: 56, render: (one) => <RowMenu journey={one} /> },
            ]}
          />
        </>
      )}
      {isNew && <NewJourney opened close={() => setNew(false)} />}
    </Page>
  );
}
