/** One message: why it went or did not, what was tried, what came back, and its words. */
import { Anchor, Code, Group, List, SimpleGrid, Stack, Text, ThemeIcon, Timeline } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCircleCheck, IconClick, IconClock, IconMailOpened, IconRobot, IconRoute, IconSend, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { Money, Num, useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { MessageState, useWords } from '../../parts/Reason';
import { Body } from './Body';
import { fromOf } from './MessagesPage';
import { shownAddress, type Whole } from './model';

export const messageQuery = (id: string) => ({
  queryKey: ['messages', id],
  queryFn: () => call(api.GET('/api/v1/messages/{id}', { params: { path: { id } } })),
});

export default function MessagePage() {
  const { t } = useTranslation('messages');
  const { id } = useParams({ strict: false }) as { id: string };
  const words = useWords();
  const query = useQuery({ ...messageQuery(id), refetchInterval: (found) => (['queued', 'sending'].includes(found.state.data?.state ?? '') ? 3_000 : false) });
  if (query.isPending) return <PageSkeleton />;
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const message = query.data;
  return (
    <Page title={message.subject ?? message.template_name ?? t('noWords')} badge={<MessageState state={message.state} />} above={[{ title: t('title'), to: '/messages' }]} text={message.reason ? words.reason(message.reason) : t('detailText', { channel: words.channelWithin(message.channel) })}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
        <Stack gap="lg">
          <Panel title={t('mail.title')}><Body message={message} /></Panel>
          {message.body && message.body.links.length > 0 && <Panel title={t('links.title')} text={t('links.text')}><Links message={message} /></Panel>}
        </Stack>
        <Stack gap="lg">
          <Panel title={t('envelope.title')}><Envelope message={message} /></Panel>
          <Panel title={t('story.title')} text={t('story.text')}><Story message={message} /></Panel>
          <Panel title={t('answers.title')} text={t('answers.text')}><Answers message={message} /></Panel>
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

function Envelope({ message }: { message: Whole }) {
  const { t } = useTranslation('messages');
  const words = useWords();
  const rows: [string, ReactNode][] = [
    [t('envelope.to'), message.profile_id ? <Anchor component={Link} to={`/customers/${message.profile_id}`} size="sm">{message.name || t('nameless')}</Anchor> : t('gone')],
    [t('envelope.address'), shownAddress(message, t) || '–'],
    [t('envelope.channel'), `${words.channel(message.channel)} · ${words.purpose(message.purpose)}`],
    [
      t('envelope.from'),
      message.campaign_id ? <Anchor component={Link} to={`/campaigns/${message.campaign_id}`} size="sm">{fromOf(message, t)}</Anchor>
        : message.journey_id ? <Anchor component={Link} to={`/journeys/${message.journey_id}`} size="sm">{fromOf(message, t)}</Anchor>
          : fromOf(message, t),
    ],
    [t('envelope.template'), message.template ? <><Anchor component={Link} to={`/content/${message.template}`} size="sm" underline="always">{message.template_name ?? message.template}</Anchor>{message.template_version ? ` · ${t('envelope.version', { version: message.template_version })}` : ''}</> : '–'],
    [t('envelope.decided'), <When key="decided" at={message.decided_at} full />],
    ...(message.due_at ? [[t('envelope.due'), <When key="due" at={message.due_at} full />] as [string, ReactNode]] : []),
    ...(message.sent_at ? [[t('envelope.sent'), <When key="sent" at={message.sent_at} full />] as [string, ReactNode]] : []),
    ...(message.delivered_at ? [[t('envelope.delivered'), <When key="delivered" at={message.delivered_at} full />] as [string, ReactNode]] : []),
    ...(message.seen_at ? [[t('envelope.seen'), <When key="seen" at={message.seen_at} full />] as [string, ReactNode]] : []),
    ...(message.price !== null && message.price !== undefined ? [[t('envelope.price'), <Money key="price" value={message.price} />] as [string, ReactNode]] : []),
    [t('envelope.attempts'), <Num key="attempts" value={message.attempts} />],
    ...(message.provider_id ? [[t('envelope.provider'), <Code key="provider" style={{ overflowWrap: 'anywhere' }}>{message.provider_id}</Code>] as [string, ReactNode]] : []),
    ...(message.run_id ? [[t('envelope.run'), <Anchor key="run" component={Link} to={`/journeys/${message.journey_id}/runs/${message.run_id}`} size="sm">{t('envelope.runSee')}</Anchor>] as [string, ReactNode]] : []),
  ];
  return (
    <dl style={{ display: 'grid', gridTemplateColumns: 'minmax(110px, auto) minmax(0, 1fr)', gap: '8px 16px', margin: 0 }}>
      {rows.map(([label, value]) => (
        <Fragment key={label}>
          <Text component="dt" size="sm" c="dimmed">{label}</Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: 'anywhere' }}>{value}</Text>
        </Fragment>
      ))}
    </dl>
  );
}

/** Each rule that was asked, in its order, as far as the decision tells. */
const RULES = ['address', 'suppression', 'consent', 'holdout', 'hours', 'caps', 'words', 'budget', 'pace', 'handover'] as const;
const FAILS: Record<string, (typeof RULES)[number]> = {
  no_address: 'address', channel_unknown: 'address', profile_gone: 'address', suppressed: 'suppression', restricted: 'suppression', erased: 'suppression',
  no_consent: 'consent', consent_pending: 'consent', consent_denied: 'consent', holdout: 'holdout', outside_hours: 'hours', waited_too_long: 'hours', local_time_past: 'hours',
  frequency_cap: 'caps', personal_cap: 'caps', gives_way: 'caps', over_budget: 'budget', do_not_call: 'suppression', topic_off: 'consent', paused: 'consent', sunset: 'consent', too_long: 'words', warm_up: 'pace', domain_throttled: 'pace', template_missing: 'words', template_broken: 'words', value_missing: 'words', render_stopped: 'words',
};

function verdicts(message: Whole): { rule: (typeof RULES)[number]; verdict: 'passed' | 'stopped' | 'waits' | 'unasked' | 'skipped' }[] {
  const isAd = message.purpose === 'marketing' && message.origin !== 'test';
  const handed = message.attempts > 0 || ['sending', 'sent', 'failed', 'unknown'].includes(message.state);
  const failing = FAILS[message.reason] ?? (message.reason && message.state !== 'cancelled' && handed ? 'handover' : undefined);
  const stop = failing ? RULES.indexOf(failing) : -1;
  return RULES.map((rule, at) => {
    const skipped = (['holdout', 'hours', 'caps'].includes(rule) && !isAd) || (message.origin === 'test' && ['suppression', 'consent'].includes(rule));
    // Only asked of what has a price, and of sending domains with a plan: told when they stopped it.
    if ((rule === 'budget' || rule === 'pace') && failing !== rule) return { rule, verdict: 'skipped' };
    if (skipped) return { rule, verdict: 'skipped' };
    if (stop >= 0 && at === stop) return { rule, verdict: message.state === 'queued' || message.state === 'held' ? 'waits' : 'stopped' };
    if (stop >= 0 ? at < stop : handed && (rule !== 'handover' || message.state === 'sent')) return { rule, verdict: 'passed' };
    return { rule, verdict: 'unasked' };
  });
}

const LOOK = {
  passed: { Icon: IconCheck, color: 'good' }, stopped: { Icon: IconX, color: 'bad' }, waits: { Icon: IconClock, color: 'wait' },
  unasked: { Icon: IconClock, color: 'calm' }, skipped: { Icon: IconCheck, color: 'calm' },
} as const;

function Story({ message }: { message: Whole }) {
  const { t } = useTranslation('messages');
  const words = useWords();
  const formats = useFormats();
  return (
    <Stack gap="lg">
      <List spacing={6} listStyleType="none" center={false} withPadding={false}>
        {verdicts(message).map(({ rule, verdict }) => {
          const { Icon, color } = LOOK[verdict];
          return (
            <List.Item key={rule} icon={<ThemeIcon size={22} radius="xl" style={{ background: `var(--ql-${color}-tint)`, color: `var(--ql-${color})` }}><Icon size={14} role="img" aria-label={t(`verdict.${verdict}`)} /></ThemeIcon>}>
              <Text size="sm" c={verdict === 'unasked' || verdict === 'skipped' ? 'dimmed' : undefined}>
                {rule === 'consent' && message.purpose === 'transactional' ? t('notDenied') : t(`rule.${rule}`)}
                <Text span size="sm" c="dimmed"> · {verdict === 'stopped' || verdict === 'waits' ? words.reason(message.reason) : t(`verdict.${verdict}`)}</Text>
              </Text>
            </List.Item>
          );
        })}
      </List>
      <Timeline bulletSize={26} lineWidth={2} active={message.log.length}>
        {message.log.map((line, at) => {
          const turned = words.turn(line.what, line.detail);
          const { Icon, tone } = turnLook(line.what);
          return (
            <Timeline.Item key={`${line.at}-${at}`} bullet={<Icon size={14} aria-hidden />} styles={{ itemBullet: { background: `var(--ql-${tone}-tint)`, borderColor: `var(--ql-${tone})`, color: `var(--ql-${tone})` } }} title={<Text size="sm" fw={500}>{turned.text}</Text>}>
              {turned.detail && <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{turned.detail}</Text>}
              <Text size="xs" c="dimmed" className="ql-num"><time dateTime={line.at}>{formats.dateTime(line.at)}</time></Text>
            </Timeline.Item>
          );
        })}
      </Timeline>
      {message.detail && <Text size="xs" c="dimmed">{t('story.detail')} <Code style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{message.detail}</Code></Text>}
    </Stack>
  );
}

function turnLook(what: string) {
  if (what.startsWith('machine')) return { Icon: IconRobot, tone: 'calm' };
  if (what === 'opened') return { Icon: IconMailOpened, tone: 'good' };
  if (what === 'clicked') return { Icon: IconClick, tone: 'good' };
  if (what === 'accepted') return { Icon: IconSend, tone: 'good' };
  if (what === 'delivered') return { Icon: IconCircleCheck, tone: 'good' };
  if (what === 'delayed' || what === 'soft_bounce') return { Icon: IconClock, tone: 'wait' };
  if (what === 'way_chosen' || what === 'fell_back') return { Icon: IconRoute, tone: 'accent' };
  if (what === 'complained') return { Icon: IconAlertTriangle, tone: 'bad' };
  if (what === 'decided') return { Icon: IconClock, tone: 'accent' };
  if (what === 'refused' || what === 'unsubscribed' || what === 'stopped') return { Icon: IconX, tone: 'calm' };
  if (what === 'unknown') return { Icon: IconAlertTriangle, tone: 'odd' };
  return { Icon: IconAlertTriangle, tone: 'wait' };
}

function Answers({ message }: { message: Whole }) {
  const { t } = useTranslation('messages');
  const { responses } = message;
  const rows: [string, number, string | null | undefined][] = [
    [t('answers.opens'), responses.opens, responses.first_opened_at], [t('answers.clicks'), responses.clicks, responses.first_clicked_at],
  ];
  return (
    <Stack gap="xs">
      {rows.map(([label, count, first]) => (
        <Group key={label} justify="space-between"><Text size="sm">{label}</Text><Text size="sm" fw={600}><Num value={count} />{first && <Text span size="xs" c="dimmed" fw={400}> · {t('answers.first')} <When at={first} full /></Text>}</Text></Group>
      ))}
      <Group justify="space-between"><Text size="sm">{t('answers.unsubscribed')}</Text><Text size="sm">{responses.unsubscribed_at ? <When at={responses.unsubscribed_at} full /> : t('answers.no')}</Text></Group>
      <Group justify="space-between"><Group gap={6}><IconRobot size={16} aria-hidden color="var(--mantine-color-dimmed)" /><Text size="sm" c="dimmed">{t('answers.machines')}</Text></Group><Text size="sm" c="dimmed"><Num value={responses.machine_opens} /> / <Num value={responses.machine_clicks} /></Text></Group>
    </Stack>
  );
}

function Links({ message }: { message: Whole }) {
  const { t } = useTranslation('messages');
  const clicks = new Map<string, number>();
  for (const line of message.log) if (line.what === 'clicked') clicks.set(line.detail, (clicks.get(line.detail) ?? 0) + 1);
  const all = [...new Set(message.body?.links ?? [])];
  return (
    <Stack gap={6}>
      {all.map((url) => (
        <Group key={url} justify="space-between" wrap="nowrap" gap="md" align="flex-start">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }} c={clicks.has(url) ? undefined : 'dimmed'}>{url}</Text>
          <Text size="sm" style={{ whiteSpace: 'nowrap' }} c={clicks.has(url) ? 'var(--ql-good)' : 'dimmed'} fw={clicks.has(url) ? 600 : 400}>{t('links.clicks', { count: clicks.get(url) ?? 0 })}</Text>
        </Group>
      ))}
    </Stack>
  );
}
