import '@mantine/dates/styles.layer.css';
import { Anchor, Avatar, Button, Code, Group, Select, Stack, Table, Text, ThemeIcon } from '@mantine/core';
import { DatePickerInput, DatesProvider } from '@mantine/dates';
import { IconCommand, IconHistory, IconKey, IconRobot, IconUserQuestion } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import 'dayjs/locale/vi';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { instantOf } from '../../parts/days';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { initials } from '../../parts/person';
import { usePages } from '../../parts/usePages';
import classes from './Audit.module.css';
import { actionKey, kindOf, pathOf, verbOf } from './audit';

type Entry = Schema<'AuditView'>;

const LIMIT = 50;
/** Deeds that somebody looks for; all others are found by their thing. */
const ACTIONS = [
  'sign_in', 'sign_in_failed', 'second_factor_failed', 'sign_out', 'password_reset', 'invitation_accepted', 'POST /journeys/{id}/publish', 'POST /campaigns/{id}/launch',
  'POST /exports', 'GET /profiles/{id}/export', 'POST /profiles/{id}/erase', 'POST /imports/{id}/start', 'PATCH /settings', 'POST /keys', 'PATCH /users/{id}', 'DELETE /users/{id}',
];
const KINDS = [
  'journeys', 'campaigns', 'segments', 'lists', 'templates', 'profiles', 'suppressions', 'imports', 'exports', 'requests', 'settings', 'channels', 'keys', 'users', 'invitations', 'workspaces',
];

function ActorFace({ entry, name }: { entry: Entry; name: string }) {
  if (entry.actor.startsWith('account:')) return <Avatar size={34} radius="xl" color="clay" variant="light" aria-hidden>{initials(name)}</Avatar>;
  const Icon = entry.actor.startsWith('key:') ? IconKey : entry.actor === 'command_line' ? IconCommand : entry.actor === 'system' ? IconRobot : IconUserQuestion;
  return <ThemeIcon size={34} radius="xl" variant="light" color="gray"><Icon size={18} aria-hidden /></ThemeIcon>;
}

function asText(value: unknown): string {
  return value === null || value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What was changed, before and after, as the log keeps it. */
function Detail({ detail }: { detail: Record<string, unknown> }) {
  const { t } = useTranslation('accounts');
  return (
    <Table withTableBorder mt="xs" layout="auto">
      <Table.Thead><Table.Tr><Table.Th>{t('audit.field')}</Table.Th><Table.Th>{t('audit.before')}</Table.Th><Table.Th>{t('audit.after')}</Table.Th></Table.Tr></Table.Thead>
      <Table.Tbody>
        {Object.entries(detail).map(([field, value]) => {
          const pair = typeof value === 'object' && value !== null && ('before' in value || 'after' in value) ? (value as { before?: unknown; after?: unknown }) : { after: value };
          return (
            <Table.Tr key={field}>
              <Table.Td><Code>{field}</Code></Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{asText(pair.before)}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{asText(pair.after)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function Row({ entry }: { entry: Entry }) {
  const { t, i18n } = useTranslation('accounts');
  const formats = useFormats();
  const [isOpen, setOpen] = useState(false);
  const actor = entry.actor_name ?? (entry.actor === 'command_line' || entry.actor === 'system' || entry.actor === 'nobody' ? t(`actor.${entry.actor}`) : t('actor.gone'));
  const key = `action.${actionKey(entry.action)}`;
  const kind = kindOf(entry.object);
  const thing = i18n.exists(`accounts:thing.${kind}`) ? t(`thing.${kind}`) : entry.object;
  const deed = i18n.exists(`accounts:${key}`) ? t(`action.${actionKey(entry.action)}`) : t(`verb.${verbOf(entry.action)}`, { thing });
  const detail = (entry.detail ?? {}) as Record<string, unknown>;
  const hasDetail = Object.keys(detail).length > 0;
  const path = pathOf(entry.object);
  return (
    <Group component="li" align="flex-start" wrap="nowrap" gap="sm" py="sm" className={classes.row}>
      <ActorFace entry={entry} name={actor} />
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text size="sm"><Text span fw={600}>{actor}</Text> {deed}</Text>
        <Group gap={8} mt={2}>
          <Text size="xs" c="dimmed" className="ql-num">{formats.time(entry.at)}</Text>
          {entry.ip && <Text size="xs" c="dimmed">{entry.ip}</Text>}
          {path && <Anchor size="xs" component={Link} to={path}>{t('audit.see', { thing })}</Anchor>}
          {hasDetail && <Anchor size="xs" component="button" type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{t(isOpen ? 'audit.less' : 'audit.more')}</Anchor>}
        </Group>
        {isOpen && <Detail detail={detail} />}
      </div>
    </Group>
  );
}

export default function AuditPage() {
  const { t, i18n } = useTranslation(['accounts', 'common']);
  const formats = useFormats();
  const mayUsers = useMay('users.manage');
  const users = useQuery({ queryKey: ['staff'], queryFn: () => call(api.GET('/api/v1/users')), enabled: mayUsers });
  const [actor, setActor] = useState<string | null>(null);
  const [action, setAction] = useState<string | null>(null);
  const [kind, setKind] = useState<string | null>(null);
  const [days, setDays] = useState<[string | null, string | null]>([null, null]);
  const from = days[0] ? instantOf(days[0], formats.timeZone) : undefined;
  const to = days[1] ? instantOf(days[1], formats.timeZone, 1) : undefined;
  const query = { actor: actor ?? undefined, action: action ?? undefined, kind: kind ?? undefined, from: days[1] ? from : undefined, to };
  const log = usePages(['audit', query], (cursor) => call(api.GET('/api/v1/audit', { params: { query: { ...query, limit: LIMIT, cursor } } })));
  const isNarrowed = actor !== null || action !== null || kind !== null || days[0] !== null;
  const clear = () => {
    setActor(null);
    setAction(null);
    setKind(null);
    setDays([null, null]);
  };
  const groups = new Map<string, Entry[]>();
  for (const entry of log.rows) {
    const day = formats.date(entry.at);
    groups.set(day, [...(groups.get(day) ?? []), entry]);
  }
  return (
    <Page title={t('audit.title')} text={t('audit.text')}>
      <Group gap="sm" align="flex-end">
        <Select
          label={t('audit.who')} placeholder={t('audit.anyone')} clearable searchable value={actor} onChange={setActor} w={{ base: '100%', xs: 200 }}
          data={(users.data?.items ?? []).map((user) => ({ value: `account:${user.id}`, label: user.name || user.email }))}
        />
        <Select
          label={t('audit.what')} placeholder={t('audit.anything')} clearable searchable value={action} onChange={setAction} w={{ base: '100%', xs: 230 }}
          data={ACTIONS.map((one) => ({ value: one, label: t(`deed.${actionKey(one)}`) }))}
        />
        <Select
          label={t('audit.object')} placeholder={t('audit.anyObject')} clearable searchable value={kind} onChange={setKind} w={{ base: '100%', xs: 190 }}
          data={KINDS.map((one) => ({ value: one, label: t(`thing.${one}`) }))}
        />
        <DatesProvider settings={{ locale: i18n.language, firstDayOfWeek: 1 }}>
          <DatePickerInput
            type="range" label={t('audit.when')} placeholder={t('audit.anytime')} clearable value={days} onChange={(value) => setDays(value as [string | null, string | null])} valueFormat="DD/MM/YYYY" w={{ base: '100%', xs: 230 }}
          />
        </DatesProvider>
        {isNarrowed && <Button variant="subtle" color="gray" onClick={clear}>{t('audit.clear')}</Button>}
      </Group>
      {log.error && <ErrorNote error={log.error} retry={log.retry} />}
      {log.isPending && <PageSkeleton />}
      {!log.isPending && !log.error && log.rows.length === 0 && (
        <Panel><EmptyState Icon={IconHistory} title={t(isNarrowed ? 'audit.noneTitle' : 'audit.emptyTitle')} text={t(isNarrowed ? 'audit.noneText' : 'audit.emptyText')} action={isNarrowed && <Button variant="default" onClick={clear}>{t('audit.clear')}</Button>} /></Panel>
      )}
      {[...groups].map(([day, entries]) => (
        <Panel key={day} title={day}>
          <Stack gap={0} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>{entries.map((entry) => <Row key={entry.id} entry={entry} />)}</Stack>
        </Panel>
      ))}
      {log.more && <Group justify="center"><Button variant="default" onClick={log.more.load} loading={log.more.isLoading}>{t('more', { ns: 'common' })}</Button></Group>}
    </Page>
  );
}
