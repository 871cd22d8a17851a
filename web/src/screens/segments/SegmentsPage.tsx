import { Anchor, Button, Group, Menu, Progress, SegmentedControl, Stack, Text, TextInput, ActionIcon, Modal, Tooltip, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconArchive, IconArchiveOff, IconCopy, IconDots, IconEdit, IconPlus, IconSearch, IconSparkles, IconUsersGroup } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Num, useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { Sparkline } from '../../parts/Sparkline';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { ReadyMade } from './ReadyMade';
import type { Ready } from './ready';
import { type Segment, archive, restore, useGrowth } from './use';

interface Search {
  q?: string;
  state?: 'archived';
}

/** How many more than a month ago. */
function Change({ days }: { days: { count?: number | null }[] | undefined }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const counts = (days ?? []).map((day) => day.count).filter((count): count is number => typeof count === 'number');
  const [first, end] = [counts[0], counts[counts.length - 1]];
  if (first === undefined || end === undefined || counts.length < 2) return null;
  const more = end - first;
  const said = `${more > 0 ? '+' : more < 0 ? '−' : ''}${formats.number(Math.abs(more))}`;
  return (
    <Group gap={8} wrap="nowrap">
      <Sparkline values={counts} />
      <Text size="xs" c={more === 0 ? 'dimmed' : `var(--ql-${more > 0 ? 'good' : 'bad'})`} className="ql-num" aria-label={t('list.change', { n: said })}>{said}</Text>
    </Group>
  );
}

export default function SegmentsPage() {
  const { t } = useTranslation('segments');
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const mayChange = useMay('setup.change');
  const [typed, setTyped] = useState(search.q ?? '');
  const [wanted] = useDebouncedValue(typed.trim(), 250);
  const [isReadyOpen, ready] = useDisclosure(false);
  const state = search.state;
  const pages = usePages<Segment>(['segments', 'list', wanted, state ?? ''], (cursor) => {
    const query = { ...(wanted ? { search: wanted } : {}), ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) };
    return call(api.GET('/api/v1/segments', { params: { query } }));
  });
  const growth = useGrowth(pages.rows.slice(0, 100).map((row) => row.id));
  const uses = useQuery({ queryKey: ['segments', 'uses'], queryFn: () => call(api.GET('/api/v1/segments/uses')), staleTime: 60_000 }).data;
  const usesOf = (id: string) => uses?.items.find((one) => one.id === id)?.used_by ?? [];
  const begin = (one: Ready): void => void navigate({ to: '/segments/new', search: { ready: one.key } as never });
  const isFiltered = wanted !== '' || state !== undefined;
  const putAway = async (row: Segment): Promise<void> => {
    try {
      await archive(row.id);
      notify.undo(t('archived_now', { name: row.name }), () => restore(row.id));
    } catch (error) {
      notify.failed(error);
    }
  };
  const create = mayChange && <Button component={Link} to="/segments/new" leftSection={<IconPlus size={16} aria-hidden />}>{t('list.create')}</Button>;
  const isEmpty = !pages.isPending && pages.rows.length === 0;
  return (
    <Page
      title={t('list.title')} text={t('list.text')}
      actions={<>{mayChange && <Button variant="default" leftSection={<IconSparkles size={16} aria-hidden />} onClick={ready.open}>{t('list.ready')}</Button>}{create}</>}
    >
      <Group gap="sm">
        <TextInput aria-label={t('list.search')} placeholder={t('list.search')} leftSection={<IconSearch size={16} aria-hidden />} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} style={{ flex: '1 1 220px' }} maw={360} />
        <SegmentedControl
          aria-label={t('list.which')} value={state ?? 'live'} onChange={(next) => void navigate({ to: '/segments', search: { ...search, state: next === 'archived' ? 'archived' : undefined } as never, replace: true })}
          data={[{ value: 'live', label: t('list.in_use') }, { value: 'archived', label: t('list.archived') }]}
        />
      </Group>
      {isEmpty && !isFiltered && !pages.error ? (
        <Stack gap="md">
          <EmptyState Icon={IconUsersGroup} title={t('list.empty_title')} text={t('list.empty_text')} action={create} />
          {mayChange && <ReadyMade onPick={begin} />}
        </Stack>
      ) : (
        <DataTable<Segment>
          records={pages.rows} fetching={pages.isPending} error={pages.error} retry={pages.retry} more={pages.more} idAccessor="id"
          noRecordsText={t(state === 'archived' ? 'list.none_archived' : 'list.none_found')}
          onRowClick={({ record }) => void navigate({ to: `/segments/${record.id}` })} rowClassName="ql-row-link"
          columns={[
            {
              accessor: 'name', title: t('list.name'),
              render: (row) => (
                <div style={{ minWidth: 170 }}>
                  <Anchor component={Link} to={`/segments/${row.id}`} fw={600} size="sm" onClick={(event) => event.stopPropagation()}>{row.name}</Anchor>
                  {row.description && <Text size="xs" c="dimmed" lineClamp={1}>{row.description}</Text>}
                  {row.state === 'computing' && (
                    <Group gap={6} mt={4} wrap="nowrap">
                      <StatusBadge tone="wait">{t('state.computing')}</StatusBadge>
                      <Progress value={(row.progress ?? 0) * 100} size="sm" w={80} aria-label={t('state.computing')} />
                    </Group>
                  )}
                </div>
              ),
            },
            { accessor: 'count', title: t('list.count'), textAlign: 'right', width: 110, render: (row) => <Text size="sm" fw={600} component="span"><Num value={row.count} /></Text> },
            { accessor: 'trend', title: t('list.trend'), width: 170, visibleMediaQuery: '(min-width: 48em)', render: (row) => <Change days={growth.of(row.id)} /> },
            {
              accessor: 'used', title: t('list.used'), width: 150, visibleMediaQuery: '(min-width: 48em)',
              render: (row) => {
                const found = usesOf(row.id);
                if (found.length === 0) return <Text size="sm" c="dimmed">{t('list.unused')}</Text>;
                const names = found.map((one) => `${t(`use_kind.${one.kind}`)}: ${one.name}`).join(' · ');
                return <Tooltip label={names} multiline maw={320}><Text size="sm" tabIndex={0} aria-label={names}>{t('list.places', { count: found.length })}</Text></Tooltip>;
              },
            },
            { accessor: 'updated_at', title: t('list.updated'), width: 130, visibleMediaQuery: '(min-width: 62em)', render: (row) => <Text size="sm" c="dimmed" component="span"><When at={row.updated_at} /></Text> },
            ...(mayChange
              ? [{
                  accessor: 'deeds', title: <VisuallyHidden>{t('list.deeds_column')}</VisuallyHidden>, width: 56, textAlign: 'right' as const,
                  render: (row: Segment) => (
                    <Menu position="bottom-end">
                      <Menu.Target><ActionIcon size={32} aria-label={t('list.deeds', { name: row.name })} onClick={(event) => event.stopPropagation()}><IconDots size={16} aria-hidden /></ActionIcon></Menu.Target>
                      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
                        {row.state !== 'archived' && <Menu.Item component={Link} to={`/segments/${row.id}/edit`} leftSection={<IconEdit size={15} aria-hidden />}>{t('edit')}</Menu.Item>}
                        <Menu.Item component={Link} to="/segments/new" search={{ copy: row.id } as never} leftSection={<IconCopy size={15} aria-hidden />}>{t('duplicate')}</Menu.Item>
                        {row.state === 'archived' ? (
                          <Menu.Item leftSection={<IconArchiveOff size={15} aria-hidden />} onClick={() => void restore(row.id).then(() => notify.done(t('restored_now', { name: row.name })), notify.failed)}>{t('restore')}</Menu.Item>
                        ) : (
                          <Menu.Item leftSection={<IconArchive size={15} aria-hidden />} onClick={() => void putAway(row)}>{t('archive')}</Menu.Item>
                        )}
                      </Menu.Dropdown>
                    </Menu>
                  ),
                }]
              : []),
          ]}
        />
      )}
      <Modal opened={isReadyOpen} onClose={ready.close} size="xl" title={t('list.ready')} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        <Text size="sm" c="dimmed">{t('ready_text')}</Text>
        <ReadyMade onPick={begin} />
      </Modal>
    </Page>
  );
}
