/** What is learned of the shop: what it says of the months to come, who the customers are, and how far to trust it. */
import { Anchor, Button, Card, Group, SimpleGrid, Skeleton, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import {
  IconCalendarHeart, IconChevronRight, IconClockHour4, IconCrystalBall, IconDiamond, IconSettings, IconShoppingBag, IconShoppingCart, IconSparkles, IconTargetArrow, IconTrendingUp, IconUserHeart,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { CHURN, CHURN_TONES, RFM_GROUPS } from '../../parts/foreseen';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Ahead } from './Ahead';
import css from './Chart.module.css';
import { LearnButton, LearningPanel } from './Learning';
import { readPurchases } from './report';
import { Shares } from './Shares';
import { type Job, type Kind, kindOf, KINDS, type LearnedKind, useModels } from './use';
import { useVerdict } from './verdict';

const ICONS: Record<Kind, typeof IconShoppingBag> = { purchases: IconShoppingBag, recommend: IconSparkles, carts: IconShoppingCart, hours: IconClockHour4, leads: IconTargetArrow };
const WAYS: Record<Kind, string> = { purchases: '/predictions/purchases', recommend: '/predictions/recommend', carts: '/predictions/carts', hours: '/predictions/hours', leads: '/leads' };

/** What to do with it first: ready-made segments. */
const NEXT = [
  { ready: 'win_back', Icon: IconUserHeart },
  { ready: 'buys_soon', Icon: IconCalendarHeart },
  { ready: 'rfm_precious', Icon: IconDiamond },
  { ready: 'vip_predicted', Icon: IconTrendingUp },
] as const;

export default function PredictionsPage() {
  const { t } = useTranslation('predictions');
  const models = useModels();
  const mayAsk = useMay('people.read');
  const { data, error } = models;
  const purchases = data ? kindOf(data.items, 'purchases').serving : null;
  const report = purchases ? readPurchases(purchases.report) : null;
  const isEmpty = data !== undefined && data.items.every((one) => !one.serving && !one.refused);
  return (
    <Page
      title={t('title')} text={t('text')}
      actions={
        <>
          <Button component={Link} to={'/settings/forecast' as string} variant="subtle" color="gray" leftSection={<IconSettings size={16} aria-hidden />}>{t('settings.link')}</Button>
          {!isEmpty && <LearnButton job={data?.job} />}
        </>
      }
    >
      {error && !data ? <ErrorNote error={error} retry={() => void models.refetch()} /> : !data ? <Waiting /> : (
        <>
          <LearningPanel job={data.job} />
          {isEmpty ? <Nothing job={data.job} mayAsk={mayAsk} /> : (
            <>
              {report && <Ahead ahead={report.ahead} />}
              {report && <Who churn={report.churn} rfm={report.rfm} />}
              <section aria-labelledby="kinds">
                <Title order={2} size="h3" id="kinds" mb={2}>{t('kinds.title')}</Title>
                <Text size="sm" c="dimmed" mb="md">{t('kinds.text')}</Text>
                <SimpleGrid cols={{ base: 1, md: 2 }}>{KINDS.map((kind) => <KindCard key={kind} kind={kind} learned={kindOf(data.items, kind)} />)}</SimpleGrid>
              </section>
            </>
          )}
        </>
      )}
    </Page>
  );
}

function Waiting() {
  return <Stack><SimpleGrid cols={{ base: 1, sm: 3 }}>{[0, 1, 2].map((at) => <Skeleton key={at} h={104} radius="lg" />)}</SimpleGrid><SimpleGrid cols={{ base: 1, md: 2 }}>{[0, 1].map((at) => <Skeleton key={at} h={280} radius="lg" />)}</SimpleGrid></Stack>;
}

/** Before anything was learned: what it takes, and how much of it there is. */
function Nothing({ job, mayAsk }: { job: Job | null | undefined; mayAsk: boolean }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const mayImport = useMay('people.import');
  const buyers = useQuery({
    queryKey: ['people', 'buyers'], enabled: mayAsk, retry: false,
    queryFn: () => call(api.POST('/api/v1/segments/preview', { body: { definition: { attribute: 'orders.count', op: 'gte', value: 1 } as never, exact: false, people: false } })),
  });
  const count = buyers.data?.estimate;
  return (
    <Panel>
      <EmptyState
        Icon={IconCrystalBall} title={t('empty.title')}
        text={
          <>
            {t('empty.text')}
            {typeof count === 'number' && <Text span display="block" mt="xs" fw={600} c="var(--mantine-color-text)" size="sm" data-buyers={count}>{t('empty.have', { count, n: formats.number(count) })}</Text>}
          </>
        }
        action={
          <Group justify="center" gap="xs" mt="xs">
            {mayImport && <Button component={Link} to={'/imports' as string} variant="default">{t('empty.import')}</Button>}
            <LearnButton job={job} variant="filled" />
          </Group>
        }
      />
    </Panel>
  );
}

function Who({ churn, rfm }: { churn: Record<string, number>; rfm: Record<string, number> }) {
  const { t } = useTranslation('predictions');
  const states = CHURN.filter((one) => one in churn).map((one) => ({
    key: one, name: t(`churn.${one}.name`), help: t(`churn.${one}.text`), count: churn[one] ?? 0, tone: CHURN_TONES[one], definition: { attribute: 'predicted.churn', op: 'eq', value: one },
  }));
  const groups = RFM_GROUPS.filter((one) => (rfm[one] ?? 0) > 0).map((one) => ({
    key: one, name: t(`rfm.${one}.name`), help: t(`rfm.${one}.text`), count: rfm[one] ?? 0, definition: { attribute: 'rfm.group', op: 'eq', value: one },
  }));
  if (states.length + groups.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Stack>
        {states.length > 0 && <Panel title={t('shop.churn')} text={t('shop.churnText')}><Shares parts={states} label={t('shop.churn')} /></Panel>}
        <Panel title={t('next.title')} text={t('next.text')} style={{ flex: 1 }}>
          <Stack gap={2}>
            {NEXT.map(({ ready, Icon }) => (
              <Anchor key={ready} component={Link} to={'/segments/new' as string} search={{ ready } as never} className={css.next} underline="never">
                <Icon size={19} stroke={1.7} aria-hidden />
                <span><Text span size="sm" fw={600} display="block">{t(`next.${ready}.name`)}</Text><Text span size="sm" c="dimmed" display="block">{t(`next.${ready}.text`)}</Text></span>
                <IconChevronRight size={16} aria-hidden />
              </Anchor>
            ))}
          </Stack>
        </Panel>
      </Stack>
      {groups.length > 0 && <Panel title={t('shop.rfm')} text={t('shop.rfmText')}><Shares parts={groups} label={t('shop.rfm')} /></Panel>}
    </SimpleGrid>
  );
}

function KindCard({ kind, learned }: { kind: Kind; learned: LearnedKind }) {
  const { t } = useTranslation('predictions');
  const { of, data } = useVerdict();
  const verdict = of(learned, kind);
  const fit = learned.serving ?? learned.refused;
  const Icon = ICONS[kind];
  return (
    <Card component="article" padding="lg" className={css.kind} data-kind={kind}>
      <Group wrap="nowrap" align="flex-start" gap="md">
        <ThemeIcon size={40} variant="light" color="clay" radius="md"><Icon size={21} stroke={1.7} aria-hidden /></ThemeIcon>
        <div style={{ minWidth: 0, flex: 1 }}>
          <Group justify="space-between" gap="xs" align="flex-start">
            <Title order={3} size="h4">{t(`kind.${kind}.name`)}</Title>
            <StatusBadge tone={verdict.tone}>{verdict.badge}</StatusBadge>
          </Group>
          <Text size="sm" c="dimmed">{t(`kind.${kind}.text`)}</Text>
        </div>
      </Group>
      <Text size="sm">{verdict.text}</Text>
      {fit && (
        <dl className={css.facts}>
          <dt>{t('fact.since')}</dt><dd><When at={fit.fitted_at} full /></dd>
          {data(kind, fit) !== '' && <><dt>{t('fact.from')}</dt><dd>{data(kind, fit)}</dd></>}
        </dl>
      )}
      {(fit || kind === 'leads') && <Anchor component={Link} to={WAYS[kind]} size="sm" fw={500} py={4} mt="auto" aria-label={t('kinds.moreOf', { name: t(`kind.${kind}.name`) })}>{t('kinds.more')}</Anchor>}
    </Card>
  );
}
