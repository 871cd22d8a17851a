import { Anchor, Button, Checkbox, Group, Modal, Select, SegmentedControl, Stack, Tabs, Text, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconUserShield, IconUserX } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { ProfilePicker } from '../../parts/pickers';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { Due } from './Due';
import { KINDS, type Request, STATE_TONES } from './request';

type Erasure = Schema<'ErasureView'>;

const LIMIT = 50;
const WIDE = '(min-width: 48em)';
const WAYS = ['email', 'phone', 'in_person', 'letter'];
const IDENTIFIERS = ['email', 'phone', 'user_id'];

function NewRequest({ close }: { close: () => void }) {
  const { t } = useTranslation(['privacy', 'common']);
  const navigate = useNavigate();
  const [kind, setKind] = useState('access');
  const [profile, setProfile] = useState<string | null>(null);
  const [how, setHow] = useState('profile');
  const [idKind, setIdKind] = useState('email');
  const [id, setId] = useState('');
  const [way, setWay] = useState('email');
  const [receivedOn, setReceivedOn] = useState('');
  const [note, setNote] = useState('');
  const [isThird, setThird] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const isNamed = how === 'profile' ? profile !== null : id.trim() !== '';
  const take = async () => {
    setBusy(true);
    const body = {
      kind, channel: way, note, third_party: isThird, identifiers: how === 'id' ? [`${idKind}:${id.trim()}`] : [],
      ...(how === 'profile' && profile ? { profile_id: profile } : {}),
      ...(receivedOn ? { received_at: new Date(receivedOn).toISOString() } : {}),
    };
    try {
      const made = await call(api.POST('/api/v1/requests', { body }));
      await refresh('requests');
      await navigate({ to: `/requests/${made.id}` });
    } catch (error) {
      notify.failed(error);
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isNamed) void take();
      }}
    >
      <Stack>
        <Select label={t('kindTitle')} data={KINDS.map((one) => ({ value: one, label: t(`kind.${one}`) }))} value={kind} onChange={(value) => setKind(value ?? kind)} allowDeselect={false} description={t(`kindText.${kind}`)} data-autofocus />
        <SegmentedControl aria-label={t('who')} value={how} onChange={setHow} data={[{ value: 'profile', label: t('byProfile') }, { value: 'id', label: t('byId') }]} />
        {how === 'profile'
          ? <ProfilePicker label={t('who')} value={profile} onChange={setProfile} />
          : (
            <Group align="flex-end" gap="xs" wrap="nowrap">
              <Select label={t('idKind')} w={150} data={IDENTIFIERS.map((one) => ({ value: one, label: t(`identifier.${one}`) }))} value={idKind} onChange={(value) => setIdKind(value ?? idKind)} allowDeselect={false} />
              <TextInput label={t('id')} flex={1} value={id} onChange={(event) => setId(event.currentTarget.value)} />
            </Group>
          )}
        <Group grow>
          <Select label={t('way')} data={WAYS.map((one) => ({ value: one, label: t(`ways.${one}`) }))} value={way} onChange={(value) => setWay(value ?? way)} allowDeselect={false} />
          <TextInput type="date" label={t('receivedOn')} description={t('receivedText')} value={receivedOn} onChange={(event) => setReceivedOn(event.currentTarget.value)} />
        </Group>
        <Textarea label={t('note')} autosize minRows={2} maxRows={6} maxLength={2_000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        <Checkbox label={t('third')} description={t('thirdText')} checked={isThird} onChange={(event) => setThird(event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('cancel', { ns: 'common' })}</Button>
          <Button type="submit" loading={isBusy} disabled={!isNamed}>{t('take')}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Requests({ filter, make }: { filter: 'open' | 'overdue' | 'all'; make: ReactNode }) {
  const { t } = useTranslation('privacy');
  const navigate = useNavigate();
  const query = filter === 'all' ? {} : filter === 'open' ? { open: true } : { overdue: true };
  const list = usePages<Request>(['requests', filter], (cursor) => call(api.GET('/api/v1/requests', { params: { query: { ...query, limit: LIMIT, cursor } } })));
  return (
    <DataTable<Request>
      records={list.isPending ? undefined : list.rows} fetching={list.isPending} error={list.error} retry={list.retry} more={list.more} idAccessor="id"
      onRowClick={({ record }) => void navigate({ to: `/requests/${record.id}` })} rowClassName="ql-row-link"
      empty={<Panel><EmptyState Icon={IconUserShield} title={t(`empty.${filter}`)} text={t('emptyText')} action={make} /></Panel>}
      columns={[
        {
          accessor: 'kind', title: t('kindTitle'),
          render: (row) => (
            <div>
              <Anchor component={Link} to={`/requests/${row.id}`} size="sm" fw={600} onClick={(event) => event.stopPropagation()}>{t(`kind.${row.kind}`)}</Anchor>
              <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{row.identifiers.map((one) => one.replace(/^\w+:/, '')).join(', ') || t('known')}</Text>
            </div>
          ),
        },
        { accessor: 'state', title: t('stateTitle'), render: (row) => <StatusBadge tone={STATE_TONES[row.state] ?? 'calm'}>{t(`state.${row.state}`)}</StatusBadge> },
        { accessor: 'due_at', title: t('dueTitle'), render: (row) => <Due request={row} /> },
        { accessor: 'received_at', title: t('receivedTitle'), visibleMediaQuery: WIDE, textAlign: 'right', render: (row) => <When at={row.received_at} dateOnly /> },
      ]}
    />
  );
}

function Erasures() {
  const { t } = useTranslation('privacy');
  const list = usePages<Erasure>(['erasures'], (cursor) => call(api.GET('/api/v1/erasures', { params: { query: { limit: LIMIT, cursor } } })));
  return (
    <DataTable<Erasure>
      records={list.isPending ? undefined : list.rows} fetching={list.isPending} error={list.error} retry={list.retry} more={list.more} idAccessor="profile_id"
      empty={<Panel><EmptyState Icon={IconUserX} title={t('erasures.emptyTitle')} text={t('erasures.emptyText')} /></Panel>}
      columns={[
        { accessor: 'profile_no', title: t('erasures.number'), render: (row) => <Text size="sm" fw={600} className="ql-num">#{row.profile_no}</Text> },
        { accessor: 'erased_at', title: t('erasures.when'), render: (row) => <When at={row.erased_at} full /> },
        { accessor: 'finished_at', title: t('stateTitle'), render: (row) => <StatusBadge tone={row.finished_at ? 'good' : 'wait'}>{t(row.finished_at ? 'erasures.finished' : 'erasures.running')}</StatusBadge> },
        { accessor: 'orders', title: t('erasures.orders'), visibleMediaQuery: WIDE, render: (row) => t(`erasures.${row.orders}`) },
        { accessor: 'keep_away', title: t('erasures.keepAway'), visibleMediaQuery: WIDE, render: (row) => t(row.keep_away ? 'yes' : 'no') },
      ]}
    />
  );
}

export default function RequestsPage() {
  const { t } = useTranslation(['privacy', 'common']);
  const [isTaking, setTaking] = useState(false);
  const make = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setTaking(true)}>{t('new')}</Button>;
  return (
    <Page title={t('title')} text={t('text')} actions={make}>
      <Tabs defaultValue="open" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="open">{t('tab.open')}</Tabs.Tab>
          <Tabs.Tab value="overdue">{t('tab.overdue')}</Tabs.Tab>
          <Tabs.Tab value="all">{t('tab.all')}</Tabs.Tab>
          <Tabs.Tab value="erasures">{t('tab.erasures')}</Tabs.Tab>
        </Tabs.List>
        {(['open', 'overdue', 'all'] as const).map((filter) => <Tabs.Panel key={filter} value={filter} pt="lg"><Requests filter={filter} make={make} /></Tabs.Panel>)}
        <Tabs.Panel value="erasures" pt="lg"><Erasures /></Tabs.Panel>
      </Tabs>
      <Modal opened={isTaking} onClose={() => setTaking(false)} title={t('new')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        {isTaking && <NewRequest close={() => setTaking(false)} />}
      </Modal>
    </Page>
  );
}
