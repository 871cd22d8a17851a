/** The ledger: every message that was decided on, with the reason of each decision. */
import '@mantine/dates/styles.css';
import { Anchor, Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useDebouncedValue } from '@mantine/hooks';
import { IconInbox, IconMailSearch, IconSearch, IconX } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { instantOf } from '../../parts/days';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Money, useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { JourneyPicker, TemplatePicker } from '../../parts/pickers';
import { MessageState, Reason, useWords } from '../../parts/Reason';
import { useHomeChannels } from './home';
import { type Line, REASONS, shownAddress } from './model';

interface Search {
  q?: string;
  profile_id?: string;
  state?: string;
  reason?: string;
  channel?: string;
  origin?: string;
  template?: string;
  journey_id?: string;
  campaign_id?: string;
  since?: string;
  until?: string;
}

const STATES = ['queued', 'held', 'sending', 'sent', 'refused', 'failed', 'unknown', 'cancelled'] as const;
const CHANNELS = ['email', 'sms', 'zalo', 'push', 'webhook'] as const;
const ORIGINS = ['journey', 'campaign', 'api', 'test', 'staff', 'notice'] as const;
const PAGE = 50;
/** A filter that fits few looks further by itself, so many times. */
const LOOKS_MAX = 10;

export default function MessagesPage() {
  const { t } = useTranslation('messages');
  const words = useWords();
  const formats = useFormats();
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const isAtHome = useHomeChannels().length > 0;
  const change = (more: Partial<Search>) => void navigate({ to: '/messages', search: { ...search, ...more } as never, replace: true });
  const [typed, setTyped] = useState(search.q ?? '');
  const [wanted] = useDebouncedValue(typed, 300);
  const [isWide, setWide] = useState(() => !!(search.template || search.journey_id || search.campaign_id || search.origin || search.since));
  useEffect(() => {
    if ((search.q ?? '') !== wanted) change({ q: wanted || undefined });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted]);
  const campaigns = useQuery({ queryKey: ['campaigns', 'choices'], queryFn: () => call(api.GET('/api/v1/campaigns', { params: { query: { limit: 200 } } })), enabled: isWide });
  const { q, since, until, ...filters } = search;
  const query = { ...filters, search: q, since: since && instantOf(since, formats.timeZone), until: until && instantOf(until, formats.timeZone, 1) };
  const pages = useInfiniteQuery({
    queryKey: ['messages', 'ledger', query],
    queryFn: ({ pageParam }) => call(api.GET('/api/v1/messages', { params: { query: { ...query, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data]);
  const looks = pages.data?.pages.length ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  // A call looks at a part of the ledger; while little was found it goes on.
  const isLooking = hasNextPage && rows.length < PAGE && looks < LOOKS_MAX;
  useEffect(() => {
    if (isLooking && !isFetchingNextPage) void fetchNextPage();
  }, [isLooking, isFetchingNextPage, fetchNextPage]);
  const isFiltered = Object.values(search).some(Boolean);
  const clear = () => {
    setTyped('');
    void navigate({ to: '/messages', search: {} as never, replace: true });
  };
  return (
    <Page
      title={t('title')} text={t('text')}
      actions={isAtHome && <Button variant="default" component={Link} to="/outbox" leftSection={<IconInbox size={16} aria-hidden />}>{t('toOutbox')}</Button>}
    >
      <Stack gap="sm" role="search">
        <Group gap="sm">
          <TextInput
            value={typed} onChange={(event) => setTyped(event.currentTarget.value)} aria-label={t('search')} placeholder={t('search')} leftSection={<IconSearch size={16} aria-hidden />}
            style={{ flex: '1 1 240px' }} maw={380} maxLength={200}
          />
          <Select aria-label={t('filter.state')} placeholder={t('filter.everyState')} clearable w={160} value={search.state ?? null} onChange={(state) => change({ state: state ?? undefined })} data={STATES.map((state) => ({ value: state, label: words.state(state) }))} />
          <Select aria-label={t('filter.reason')} placeholder={t('filter.everyReason')} clearable searchable w={240} value={search.reason ?? null} onChange={(reason) => change({ reason: reason ?? undefined })} data={REASONS.map((reason) => ({ value: reason, label: words.reason(reason) }))} />
          <Select aria-label={t('filter.channel')} placeholder={t('filter.everyChannel')} clearable w={150} value={search.channel ?? null} onChange={(channel) => change({ channel: channel ?? undefined })} data={CHANNELS.map((channel) => ({ value: channel, label: words.channel(channel) }))} />
          <Switch label={t('filter.more')} checked={isWide} onChange={(event) => setWide(event.currentTarget.checked)} />
          {isFiltered && <Button variant="subtle" color="gray" leftSection={<IconX size={16} aria-hidden />} onClick={clear}>{t('filter.clear')}</Button>}
        </Group>
        {isWide && (
          <Group gap="sm">
            <DatePickerInput
              type="range" aria-label={t('filter.time')} placeholder={t('filter.time')} clearable valueFormat="DD/MM/YYYY" locale={formats.locale === 'vi-VN' ? 'vi' : 'en'} w={250} allowSingleDateInRange
              value={[since ?? null, until ?? null]} onChange={([from, to]) => change({ since: from ?? undefined, until: to ?? undefined })}
            />
            <Select aria-label={t('filter.origin')} placeholder={t('filter.everyOrigin')} clearable w={170} value={search.origin ?? null} onChange={(origin) => change({ origin: origin ?? undefined })} data={ORIGINS.map((origin) => ({ value: origin, label: t(`origin.${origin}`) }))} />
            <TemplatePicker aria-label={t('filter.template')} placeholder={t('filter.everyTemplate')} clearable w={210} value={search.template ?? null} onChange={(template) => change({ template: template ?? undefined })} />
            <JourneyPicker aria-label={t('filter.journey')} placeholder={t('filter.everyJourney')} clearable w={210} value={search.journey_id ?? null} onChange={(id) => change({ journey_id: id ?? undefined })} />
            <Select aria-label={t('filter.campaign')} placeholder={t('filter.everyCampaign')} clearable searchable w={210} value={search.campaign_id ?? null} onChange={(id) => change({ campaign_id: id ?? undefined })} data={(campaigns.data?.items ?? []).map((one) => ({ value: one.id, label: one.name }))} />
          </Group>
        )}
      </Stack>
      <DataTable<Line>
        idAccessor="id" records={rows} fetching={pages.isPending || (isLooking && rows.length === 0)} error={pages.error} retry={() => void pages.refetch()}
        more={hasNextPage ? { load: () => void fetchNextPage(), isLoading: isFetchingNextPage } : null}
        onRowClick={({ record }) => void navigate({ to: `/messages/${record.id}` })} rowClassName="ql-row-link"
        empty={
          <EmptyState
            Icon={IconMailSearch} title={isFiltered ? t('noneTitle') : t('emptyTitle')} text={isFiltered ? t('noneText') : t('emptyText')}
            action={isFiltered ? <Button variant="default" onClick={clear}>{t('filter.clear')}</Button> : <Button component={Link} to="/library">{t('emptyDeed')}</Button>}
          />
        }
        columns={[
          {
            accessor: 'name', title: t('column.to'),
            render: (row) => (
              <Stack gap={0} miw={150} maw={{ base: 190, sm: 'none' }}>
                {row.profile_id ? <Anchor component={Link} to={`/customers/${row.profile_id}`} c="inherit" size="sm" fw={500} onClick={(event) => event.stopPropagation()}>{row.name || t('nameless')}</Anchor> : <Text size="sm" c="dimmed">{shownAddress(row, t) || t('gone')}</Text>}
                <Text size="xs" c="dimmed" truncate>{words.channel(row.channel)}{row.address && row.profile_id ? ` · ${shownAddress(row, t)}` : ''}</Text>
              </Stack>
            ),
          },
          {
            accessor: 'template', title: t('column.message'), visibleMediaQuery: '(min-width: 48em)',
            render: (row) => (
              <Stack gap={0} miw={180}>
                <Anchor component={Link} to={`/messages/${row.id}`} c="inherit" size="sm" lineClamp={1} onClick={(event) => event.stopPropagation()}>{row.subject ?? row.template_name ?? t('noWords')}</Anchor>
                <Text size="xs" c="dimmed" lineClamp={1}>{fromOf(row, t)}</Text>
              </Stack>
            ),
          },
          { accessor: 'state', title: t('column.state'), render: (row) => <Stack gap={2} align="flex-start"><MessageState state={row.state} /><Reason code={row.reason} detail={row.detail} /></Stack> },
          { accessor: 'delivered_at', title: t('column.delivered'), visibleMediaQuery: '(min-width: 75em)', render: (row) => (row.delivered_at ? <When at={row.delivered_at} /> : <Text size="sm" c="dimmed">–</Text>) },
          { accessor: 'price', title: t('column.price'), textAlign: 'right', visibleMediaQuery: '(min-width: 75em)', render: (row) => (row.price == null ? <Text size="sm" c="dimmed">–</Text> : <Money value={row.price} />) },
          { accessor: 'decided_at', title: t('column.at'), textAlign: 'right', render: (row) => <When at={row.decided_at} /> },
        ]}
      />
      {isLooking && rows.length > 0 && <Text size="sm" c="dimmed" ta="center" role="status">{t('looking')}</Text>}
    </Page>
  );
}

export function fromOf(row: Line, t: (key: string) => string): string {
  const name = row.campaign_name ?? row.journey_name;
  return [t(`origin.${row.origin}`), name].filter(Boolean).join(' · ');
}
