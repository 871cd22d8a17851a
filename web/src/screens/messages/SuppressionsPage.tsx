/** Addresses that are not written to, why, and how they come off the list. */
import { ActionIcon, Anchor, Button, Group, Modal, Select, SimpleGrid, Stack, Text, Textarea, TextInput, Tooltip, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconFileUpload, IconLockOpen, IconPlus, IconSearch, IconShieldOff } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema, refresh } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/Reason';
import { Stat } from '../../parts/Stat';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { BringSuppressions } from './BringSuppressions';

type Row = Schema<'SuppressionView'>;

const CHANNELS = ['email', 'sms', 'zalo', 'push'] as const;
const REASONS = ['hard_bounce', 'soft_bounce', 'complaint', 'manual', 'erased'] as const;
const TONES = { hard_bounce: 'bad', soft_bounce: 'wait', complaint: 'odd', manual: 'calm', erased: 'calm' } as const;

export default function SuppressionsPage() {
  const { t } = useTranslation('messages');
  const words = useWords();
  const mayChange = useMay('people.change');
  const mayImport = useMay('people.import');
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed, 250);
  const [channel, setChannel] = useState<string | null>(null);
  const [reason, setReason] = useState<string | null>(null);
  const [isAdding, adding] = useDisclosure(false);
  const [isBringing, bringing] = useDisclosure(false);
  const [released, setReleased] = useState<Row | null>(null);
  const counts = useQuery({ queryKey: ['people', 'suppressions', 'counts'], queryFn: () => call(api.GET('/api/v1/suppressions/counts')) });
  const query = { search: search || undefined, channel: channel ?? undefined, reason: reason ?? undefined };
  const pages = usePages<Row>(['people', 'suppressions', query], (cursor) => call(api.GET('/api/v1/suppressions', { params: { query: { ...query, limit: 50, cursor } } })));
  const of = (wanted: string) => (counts.data?.items ?? []).filter((one) => one.reason === wanted).reduce((all, one) => all + one.addresses, 0);
  const isFiltered = !!(search || channel || reason);
  const add = mayChange && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={adding.open}>{t('stop.add')}</Button>;
  return (
    <Page title={t('stop.title')} text={t('stop.text')} actions={<>{mayImport && <Button variant="default" leftSection={<IconFileUpload size={16} aria-hidden />} onClick={bringing.open}>{t('bring.title')}</Button>}{add}</>}>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {(['hard_bounce', 'complaint', 'manual'] as const).map((one) => <Stat key={one} label={t(`stop.reason.${one}`)} help={t(`stop.reasonText.${one}`)} value={<Num value={of(one)} />} isLoading={counts.isPending} />)}
      </SimpleGrid>
      <Group gap="sm" role="search">
        <TextInput aria-label={t('stop.search')} placeholder={t('stop.search')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} leftSection={<IconSearch size={16} aria-hidden />} style={{ flex: '1 1 240px' }} maw={360} maxLength={200} />
        <Select aria-label={t('filter.channel')} placeholder={t('filter.everyChannel')} clearable w={160} value={channel} onChange={setChannel} data={CHANNELS.map((one) => ({ value: one, label: words.channel(one) }))} />
        <Select aria-label={t('stop.why')} placeholder={t('stop.everyReason')} clearable w={220} value={reason} onChange={setReason} data={REASONS.map((one) => ({ value: one, label: t(`stop.reason.${one}`) }))} />
      </Group>
      <DataTable<Row>
        idAccessor={(row) => `${row.channel} ${row.address}`} records={pages.rows} fetching={pages.isPending} error={pages.error} retry={pages.retry} more={pages.more}
        empty={<EmptyState Icon={IconShieldOff} title={isFiltered ? t('stop.noneTitle') : t('stop.emptyTitle')} text={isFiltered ? t('stop.noneText') : t('stop.emptyText')} action={isFiltered ? undefined : add} />}
        columns={[
          {
            accessor: 'address', title: t('stop.address'),
            render: (row) => (
              <Stack gap={0}>
                <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>{row.address}</Text>
                <Text size="xs" c="dimmed">{words.channel(row.channel)}{row.profile_id && <> · <Anchor component={Link} to={`/customers/${row.profile_id}`} size="xs" underline="always">{row.profile_name || t('nameless')}</Anchor></>}</Text>
              </Stack>
            ),
          },
          { accessor: 'reason', title: t('stop.why'), render: (row) => <StatusBadge tone={TONES[row.reason as keyof typeof TONES] ?? 'calm'}>{t(`stop.reason.${row.reason}`)}</StatusBadge> },
          { accessor: 'detail', title: t('stop.detail'), visibleMediaQuery: '(min-width: 62em)', render: (row) => <Text size="sm" c="dimmed" lineClamp={2}>{row.detail || '–'}</Text> },
          { accessor: 'at', title: t('stop.since'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (row) => <When at={row.at} /> },
          ...(mayChange
            ? [{
                accessor: 'deeds', title: <VisuallyHidden>{t('stop.deeds')}</VisuallyHidden>, width: 56,
                render: (row: Row) => row.reason === 'erased' ? null : <Tooltip label={t('stop.release')}><ActionIcon aria-label={t('stop.releaseOf', { address: row.address })} onClick={() => setReleased(row)}><IconLockOpen size={18} aria-hidden /></ActionIcon></Tooltip>,
              }]
            : []),
        ]}
      />
      <Add isOpen={isAdding} close={adding.close} />
      <BringSuppressions isOpen={isBringing} close={bringing.close} />
      {released && <Release row={released} close={() => setReleased(null)} />}
    </Page>
  );
}

function Add({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const { t } = useTranslation('messages');
  const words = useWords();
  const [channel, setChannel] = useState('email');
  const [address, setAddress] = useState('');
  const [detail, setDetail] = useState('');
  const add = useMutation({
    mutationFn: () => call(api.POST('/api/v1/suppressions', { body: { channel, address: address.trim(), detail: detail.trim() } })),
    onSuccess: async (made) => {
      await refresh('people');
      close();
      setAddress('');
      setDetail('');
      notify.undo(t('stop.added', { address: made.address }), async () => {
        await call(api.DELETE('/api/v1/suppressions/{channel}/{address}', { params: { path: { channel: made.channel, address: made.address } } }));
        await refresh('people');
      });
    },
  });
  return (
    <Modal opened={isOpen} onClose={close} title={t('stop.add')} closeButtonProps={{ 'aria-label': t('close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (address.trim()) add.mutate();
        }}
      >
        <Stack>
          <Text size="sm" c="dimmed">{t('stop.addText')}</Text>
          <Select label={t('filter.channel')} allowDeselect={false} value={channel} onChange={(value) => value && setChannel(value)} data={CHANNELS.map((one) => ({ value: one, label: words.channel(one) }))} />
          <TextInput label={t('stop.address')} value={address} onChange={(event) => setAddress(event.currentTarget.value)} placeholder={channel === 'email' ? 'khach@example.com' : '0901234567'} required withAsterisk={false} data-autofocus autoComplete="off" />
          <TextInput label={t('stop.note')} value={detail} onChange={(event) => setDetail(event.currentTarget.value)} placeholder={t('stop.noteExample')} maxLength={200} />
          {add.error && <ErrorNote error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('cancel')}</Button>
            <Button type="submit" loading={add.isPending} disabled={!address.trim()}>{t('stop.addDeed')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Release({ row, close }: { row: Row; close: () => void }) {
  const { t } = useTranslation('messages');
  const [why, setWhy] = useState('');
  const release = useMutation({
    mutationFn: () => call(api.DELETE('/api/v1/suppressions/{channel}/{address}', { params: { path: { channel: row.channel, address: row.address }, query: { why: why.trim() } } })),
    onSuccess: async () => {
      await refresh('people');
      close();
      notify.undo(t('stop.released', { address: row.address }), async () => {
        await call(api.POST('/api/v1/suppressions', { body: { channel: row.channel, address: row.address, reason: row.reason, detail: row.detail } }));
        await refresh('people');
      });
    },
  });
  return (
    <Modal opened onClose={close} title={t('stop.releaseTitle', { address: row.address })} closeButtonProps={{ 'aria-label': t('close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (why.trim()) release.mutate();
        }}
      >
        <Stack>
          <Text size="sm">{row.reason === 'hard_bounce' ? t('stop.releaseBounce') : row.reason === 'complaint' ? t('stop.releaseComplaint') : t('stop.releaseText')}</Text>
          <Textarea label={t('stop.releaseWhy')} description={t('stop.releaseWhyText')} value={why} onChange={(event) => setWhy(event.currentTarget.value)} maxLength={200} autosize minRows={2} data-autofocus />
          {release.error && <ErrorNote error={release.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('cancel')}</Button>
            <Button type="submit" color={row.reason === 'complaint' ? 'red' : undefined} loading={release.isPending} disabled={!why.trim()}>{t('stop.releaseDeed')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
