/** Which way of recommending serves, and how good it is beside the rules that need no learning. */
import { Anchor, Card, Group, SimpleGrid, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, Percent, useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { StatusBadge } from '../../parts/StatusBadge';
import css from './Chart.module.css';
import { History } from './History';
import { LearnButton, LearningPanel } from './Learning';
import { RAILS, readRecommend, type RecommendReport } from './report';
import { kindOf, type ModelFit, useModels } from './use';
import { useMethodName, useVerdict } from './verdict';

export default function RecommendPage() {
  const { t } = useTranslation('predictions');
  const models = useModels();
  const { ofFit } = useVerdict();
  const learned = kindOf(models.data?.items, 'recommend');
  const fit = learned.serving ?? learned.refused;
  return (
    <Page title={t('kind.recommend.name')} text={t('kind.recommend.long')} above={[{ title: t('title'), to: '/predictions' }]} actions={<LearnButton job={models.data?.job} kinds={['recommend']} />}>
      {models.error && !models.data ? <ErrorNote error={models.error} retry={() => void models.refetch()} /> : !models.data ? <Stack><Skeleton h={120} radius="lg" /><Skeleton h={300} radius="lg" /></Stack> : (
        <>
          <LearningPanel job={models.data.job} />
          {fit ? <Fit fit={fit} /> : <Panel><EmptyState Icon={IconSparkles} title={t('verdict.none.title')} text={t('verdict.none.recommend')} /></Panel>}
          {fit && <History kind="recommend" say={(one) => ofFit('recommend', one).text} />}
        </>
      )}
    </Page>
  );
}

function Fit({ fit }: { fit: ModelFit }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const { ofFit } = useVerdict();
  const report = readRecommend(fit.report);
  const verdict = ofFit('recommend', fit);
  const asked = formats.number(report.asked ?? 0);
  return (
    <>
      <Card padding="lg" component="section">
        <Group gap="sm" mb={6}><Title order={2} size="h3">{t('verdict.title')}</Title><StatusBadge tone={verdict.tone}>{verdict.badge}</StatusBadge></Group>
        <Text data-verdict={report.verdict ?? ''}>{verdict.text}</Text>
        <dl className={css.facts} style={{ marginTop: 12 }}>
          <dt>{t('fact.since')}</dt><dd><When at={fit.fitted_at} full /></dd>
          {report.from && report.until && <><dt>{t('fact.span')}</dt><dd>{formats.date(report.from)} – {formats.date(report.until)}</dd></>}
          {report.asked !== null && <><dt>{t('fact.trial')}</dt><dd>{report.cut ? t('recommend.trial', { n: asked, cut: formats.date(report.cut) }) : t('recommend.trialOne', { n: asked })}</dd></>}
        </dl>
        <Anchor component={Link} to={'/recommendations' as string} size="sm" fw={500} mt="sm">{t('recommend.places')}</Anchor>
      </Card>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
        <Stat label={t('recommend.interactions')} value={<Num value={report.interactions} />} help={t('recommend.interactionsHelp', { of: formats.number(report.of ?? report.interactions ?? 0) })} />
        <Stat label={t('recommend.customers')} value={<Num value={report.customers} />} />
        <Stat label={t('recommend.products')} value={<Num value={report.products} />} />
        <Stat label={t('recommend.repeats')} value={<Percent value={report.repeats} digits={0} />} help={t('recommend.repeatsHelp')} />
      </SimpleGrid>
      {RAILS.map((rail) => <Tries key={rail} rail={rail} report={report} />)}
    </>
  );
}

/** What was tried on one rail, the best first. */
function Tries({ rail, report }: { rail: (typeof RAILS)[number]; report: RecommendReport }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const named = useMethodName();
  const tried = report.tried.filter((one) => one.rail === rail && (one.customers ?? 0) > 0).sort((a, b) => (b.ndcg ?? 0) + (b.recall ?? 0) - (a.ndcg ?? 0) - (a.recall ?? 0));
  const write = (value: number | null): string => (value === null ? '–' : formats.number(value, 3));
  return (
    <Panel title={t(`recommend.rail.${rail}.title`)} text={t(`recommend.rail.${rail}.text`)}>
      {tried.length === 0 ? <Text size="sm" c="dimmed">{t('recommend.none')}</Text> : (
        <Table.ScrollContainer minWidth={300} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t(`recommend.rail.${rail}.title`) } }}>
          <Table verticalSpacing="xs" data-rail={rail}>
            <Table.Thead><Table.Tr><Table.Th>{t('errors.what')}</Table.Th><Table.Th ta="right">{t('recommend.recall')}</Table.Th><Table.Th ta="right">{t('recommend.ndcg')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {tried.map((one) => (
                <Table.Tr key={one.method} bg={one.serves ? 'var(--ql-accent-tint)' : undefined} data-tried={one.method}>
                  <Table.Td>
                    <Group gap={8}>
                      <Text size="sm" fw={one.serves ? 600 : 400}>{named(one.method)}</Text>
                      {one.serves && <StatusBadge tone="good">{t('errors.serves')}</StatusBadge>}
                      {one.isRule && !one.serves && <Text span size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{t('errors.rule')}</Text>}
                    </Group>
                  </Table.Td>
                  <Table.Td ta="right" className="ql-num">{write(one.recall)}</Table.Td>
                  <Table.Td ta="right" className="ql-num">{write(one.ndcg)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {tried[0] && <Text size="xs" c="dimmed" mt="xs">{t('recommend.judged', { count: tried[0].customers ?? 0, n: formats.number(tried[0].customers ?? 0) })} {t('recommend.recallText')} {t('recommend.ndcgText')}</Text>}
    </Panel>
  );
}
