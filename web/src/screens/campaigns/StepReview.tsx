import { Anchor, Button, Group, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconLoader2, IconRocket } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Problem, refresh } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../parts/Reason';
import type { Step, StepProps } from './ComposerPage';
import { LastCheck, sum, useCheck } from './LastCheck';
import { groupsQuery, hasAudience } from './model';
import { channelsQuery } from './NewCampaignPage';
import { useScheduleWords } from './schedule';
import { plainSubject, usePreview, useTemplate } from './StepContent';

/** From so many people on, the number has to be typed. */
const TYPED_FROM = 1_000;
/** What goes at once waits so long, in which it can be taken back. */
const GRACE_SECONDS = 15;

type Verdict = 'good' | 'warn' | 'bad' | 'wait';

interface Point {
  verdict: Verdict;
  text: string;
  detail?: string;
  step: Step;
}

const LOOK = {
  good: { Icon: IconCircleCheck, color: 'var(--ql-good)' },
  warn: { Icon: IconAlertTriangle, color: 'var(--ql-wait)' },
  bad: { Icon: IconCircleX, color: 'var(--ql-bad)' },
  wait: { Icon: IconLoader2, color: 'var(--mantine-color-dimmed)' },
};

export function StepReview({ campaign, definition, settle, go, problem }: StepProps & { settle: () => Promise<boolean>; go: (step: Step) => void; problem: Problem | null }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const formats = useFormats();
  const inWords = useScheduleWords();
  const navigate = useNavigate();
  const maySend = useMay('messages.send');
  const mayRead = useMay('people.read');
  const { query: templates, found: template } = useTemplate(definition);
  const preview = usePreview(template?.id, null);
  const channels = useQuery(channelsQuery);
  const groups = useQuery(groupsQuery);
  const upcoming = useQuery({
    queryKey: ['campaigns', 'upcoming', JSON.stringify(definition.schedule), 1],
    queryFn: () => call(api.POST('/api/v1/campaigns/upcoming', { body: { schedule: definition.schedule as never, limit: 1 } })),
    staleTime: 0,
  });
  const isReady = hasAudience(definition) && mayRead;
  const found = useCheck(campaign.id, settle, isReady);
  const result = found.check?.state === 'done' ? found.check.result : null;
  const goes = result ? result.goes + sum(result.delayed) : null;
  const channel = channels.data?.items.find((one) => one.channel === definition.channel);
  const label = words.channelWithin(definition.channel);
  const named = [
    ...(groups.data?.segments.filter((one) => definition.audience.segments.includes(one.id)) ?? []),
    ...(groups.data?.lists.filter((one) => definition.audience.lists.includes(one.id)) ?? []),
  ].map((one) => one.name);
  const errors = preview.data?.findings.filter((one) => one.severity === 'error').length ?? 0;
  const warnings = (preview.data?.findings.filter((one) => one.severity === 'warning').length ?? 0) + (preview.data?.missing.length ?? 0);
  const price = preview.data?.sms?.plain.price ?? preview.data?.zns?.price ?? null;
  const points: Point[] = [
    hasAudience(definition)
      ? { verdict: 'good', text: definition.audience.everybody ? t('review.everybody') : t('review.audience', { names: new Intl.ListFormat(formats.locale).format(named) }), step: 'audience' }
      : { verdict: 'bad', text: t('review.noAudience'), step: 'audience' },
    template
      ? { verdict: 'good', text: t('review.template', { name: template.name }), detail: plainSubject(template.subject) || undefined, step: 'content' }
      : { verdict: templates.isPending ? 'wait' : 'bad', text: definition.template ? t('content.gone') : t('review.noTemplate'), step: 'content' },
    ...(template && preview.data
      ? [errors > 0 ? { verdict: 'bad' as const, text: t('review.errors', { count: errors }), step: 'content' as const } : warnings > 0 ? { verdict: 'warn' as const, text: t('review.warnings', { count: warnings }), step: 'content' as const } : { verdict: 'good' as const, text: t('review.looked'), step: 'content' as const }]
      : []),
    ...(template && preview.error ? [{ verdict: 'bad' as const, text: t('review.broken'), step: 'content' as const }] : []),
    upcoming.data
      ? upcoming.data.runs.length > 0
        ? { verdict: 'good', text: t('review.when', { when: inWords(definition.schedule) }), step: 'schedule' }
        : { verdict: 'bad', text: t('schedule.past'), step: 'schedule' }
      : { verdict: upcoming.error ? 'bad' : 'wait', text: t('review.when', { when: inWords(definition.schedule) }), step: 'schedule' },
    channel
      ? channel.is_set_up && channel.enabled
        ? { verdict: 'good', text: t('review.channel', { channel: label }), step: 'schedule' }
        : { verdict: 'bad', text: t('review.noChannel', { channel: label }), step: 'schedule' }
      : { verdict: 'wait', text: t('review.channel', { channel: label }), step: 'schedule' },
    ...(isReady
      ? [
          result
            ? goes === 0
              ? { verdict: 'bad' as const, text: t('review.nobody'), step: 'audience' as const }
              : result.problems.length > 0
                ? { verdict: 'warn' as const, text: t('review.words', { count: result.problems.length }), step: 'content' as const }
                : { verdict: 'good' as const, text: t('review.goes', { count: goes ?? 0, people: formats.number(goes ?? 0) }), step: 'audience' as const }
            : { verdict: found.isRunning ? ('wait' as const) : ('warn' as const), text: found.isRunning ? t('review.checking') : t('review.unchecked'), step: 'audience' as const },
        ]
      : []),
  ];
  const stops = points.filter((one) => one.verdict === 'bad');
  const isRunningCampaign = campaign.state !== 'draft';
  const launch = useMutation({
    mutationFn: async () => {
      await settle();
      return call(api.POST('/api/v1/campaigns/{id}/launch', { params: { path: { id: campaign.id }, query: { in_seconds: GRACE_SECONDS } } }));
    },
    onSuccess: async () => {
      await refresh('campaigns');
      void navigate({ to: `/campaigns/${campaign.id}` });
      notify.undo(definition.schedule.type === 'now' ? t('review.launchedNow', { seconds: GRACE_SECONDS }) : t('review.launched', { name: definition.name }), async () => {
        await call(api.POST('/api/v1/campaigns/{id}/recall', { params: { path: { id: campaign.id } } }));
        await refresh('campaigns');
        notify.done(t('done.recalled', { name: definition.name }));
        void navigate({ to: `/campaigns/${campaign.id}/edit`, search: { step: 'review' } as never });
      });
    },
  });
  const ask = async () => {
    const people = goes ?? 0;
    const yes = await confirm({
      title: t('launch.title', { name: definition.name }),
      text: (
        <Stack gap="xs">
          <Text fw={600} fz="lg">{t('launch.people', { count: people, people: formats.number(people) })}</Text>
          <Text size="sm">{t('launch.when', { channel: label, when: inWords(definition.schedule) })}</Text>
          {result && sum(result.refused) > 0 && <Text size="sm" c="dimmed">{t('launch.notTo', { count: sum(result.refused), people: formats.number(sum(result.refused)) })}</Text>}
          {price ? <Text size="sm">{t('launch.cost', { money: formats.money(price * people) })}</Text> : null}
          {result?.problems.length ? <Note tone="wait">{t('review.words', { count: result.problems.length })}</Note> : null}
        </Stack>
      ),
      deed: definition.schedule.type === 'now' ? t('launch.now', { count: people, people: formats.number(people) }) : t('launch.later'),
      typed: people >= TYPED_FROM ? formats.number(people) : undefined,
    });
    if (yes) launch.mutate();
  };
  const why = !maySend ? t('review.mayNot') : stops.length > 0 ? t('review.stops', { count: stops.length }) : isReady && !result ? t('review.checking') : null;
  return (
    <>
      <Panel title={t('review.title')} text={t('review.text')}>
        <Stack gap={4} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
          {points.map((point) => {
            const { Icon, color } = LOOK[point.verdict];
            return (
              <li key={point.text}>
                <UnstyledButton onClick={() => go(point.step)} w="100%" py={6} px={4} style={{ borderRadius: 6 }}>
                  <Group gap="sm" wrap="nowrap" align="flex-start">
                    <Icon size={20} color={color} role="img" aria-label={t(`verdict.${point.verdict}`)} style={{ flex: 'none', marginTop: 1 }} />
                    <div style={{ minWidth: 0 }}>
                      <Text size="sm" fw={point.verdict === 'bad' ? 600 : 400}>{point.text}</Text>
                      {point.detail && <Text size="xs" c="dimmed" truncate>{point.detail}</Text>}
                    </div>
                  </Group>
                </UnstyledButton>
              </li>
            );
          })}
        </Stack>
        {channel && !(channel.is_set_up && channel.enabled) && <Text size="sm" mt="xs">{t('review.setUp')} <Anchor component={Link} to="/settings/channels" size="sm" underline="always">{t('review.toChannels')}</Anchor></Text>}
      </Panel>
      {isReady ? <LastCheck campaign={definition} found={found} /> : <Panel title={t('check.title')}><Text size="sm" c="dimmed">{mayRead ? t('check.needsAudience') : t('check.mayNot')}</Text></Panel>}
      {problem && <ErrorNote error={problem} />}
      {launch.error && <ErrorNote error={launch.error} />}
      {!isRunningCampaign ? (
        <Group justify="flex-end" gap="sm">
          {why && <Text size="sm" c="dimmed">{why}</Text>}
          <Tooltip label={why} disabled={!why}>
            <Button size="md" leftSection={<IconRocket size={18} aria-hidden />} disabled={!!why} loading={launch.isPending} onClick={() => void ask()}>
              {definition.schedule.type === 'now' ? t('launch.deedNow') : t('launch.deedLater')}
            </Button>
          </Tooltip>
        </Group>
      ) : (
        <Note tone="calm">{campaign.state === 'paused' ? t('review.paused') : t('compose.isScheduled')}</Note>
      )}
    </>
  );
}
