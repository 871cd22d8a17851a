/** What is usual in the shop: when people read, how soon they buy again, how many wait for discounts. */
import { Card, Group, SimpleGrid, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconClockHour4 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, Percent, useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../parts/Reason';
import { Stat } from '../../parts/Stat';
import { StatusBadge } from '../../parts/StatusBadge';
import css from './Chart.module.css';
import { History } from './History';
import { LearnButton, LearningPanel } from './Learning';
import { type Blend, readHabits } from './report';
import { kindOf, type ModelFit, useModels } from './use';
import { useVerdict } from './verdict';

export default function HabitsPage() {
  const { t } = useTranslation('predictions');
  const models = useModels();
  const { ofFit } = useVerdict();
  const learned = kindOf(models.data?.items, 'hours');
  const fit = learned.serving ?? learned.refused;
  return (
    <Page title={t('kind.hours.name')} text={t('kind.hours.long')} above={[{ title: t('title'), to: '/predictions' }]} actions={<LearnButton job={models.data?.job} kinds={['hours']} />}>
      {models.error && !models.data ? <ErrorNote error={models.error} retry={() => void models.refetch()} /> : !models.data ? <Stack><Skeleton h={120} radius="lg" /><Skeleton h={300} radius="lg" /></Stack> : (
        <>
          <LearningPanel job={models.data.job} />
          {fit ? <Fit fit={fit} /> : <Panel><EmptyState Icon={IconClockHour4} title={t('verdict.none.title')} text={t('verdict.none.hours')} /></Panel>}
          {fit && <History kind="hours" say={(one) => ofFit('hours', one).text} />}
        </>
      )}
    </Page>
  );
}

function Fit({ fit }: { fit: ModelFit }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const words = useWords();
  const { ofFit } = useVerdict();
  const report = readHabits(fit.report);
  const verdict = ofFit('hours', fit);
  const { replenishment, discounts, clocks } = report;
  const days = (value: number | null): string => (value === null ? '–' : t('habits.days', { count: Math.round(value), n: formats.number(value, value < 10 ? 1 : 0) }));
  return (
    <>
      <Card padding="lg" component="section">
        <Group gap="sm" mb={6}><Title order={2} size="h3">{t('verdict.title')}</Title><StatusBadge tone={verdict.tone}>{verdict.badge}</StatusBadge></Group>
        <Text data-verdict>{verdict.text}</Text>
        <dl className={css.facts} style={{ marginTop: 12 }}><dt>{t('fact.since')}</dt><dd><When at={fit.fitted_at} full /></dd></dl>
      </Card>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
        <Stat label={t('habits.people')} value={<Num value={report.people} />} />
        <Stat label={t('habits.orders')} value={<Num value={report.orders} />} />
        <Stat label={t('habits.reads')} value={<Num value={report.reads} />} help={t('habits.readsHelp')} />
        <Stat label={t('habits.discounted')} value={<Percent value={discounts?.share} digits={0} />} help={t('habits.discountedHelp')} unavailable={discounts?.share == null ? t('habits.little') : undefined} />
      </SimpleGrid>
      <Panel title={t('habits.again')} text={t('habits.againText')}>
        {replenishment.largest.length === 0 ? <Text size="sm" c="dimmed">{t('habits.againNone')}</Text> : (
          <Stack>
            <Table verticalSpacing="xs">
              <Table.Thead><Table.Tr><Table.Th>{t('habits.category')}</Table.Th><Table.Th ta="right">{t('habits.buyers')}</Table.Th><Table.Th ta="right">{t('habits.usual')}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {replenishment.largest.slice(0, 12).map((one) => <Table.Tr key={one.category}><Table.Td>{one.category}</Table.Td><Table.Td ta="right"><Num value={one.people} /></Table.Td><Table.Td ta="right" className="ql-num">{days(one.days)}</Table.Td></Table.Tr>)}
              </Table.Tbody>
            </Table>
            {replenishment.both !== null && <Text size="sm">{t('habits.off', { both: days(replenishment.both), shop: days(replenishment.shop), own: days(replenishment.own) })}</Text>}
          </Stack>
        )}
      </Panel>
      <Panel title={t('habits.clocks')} text={t('habits.clocksText')}>
        {clocks.length === 0 ? <Text size="sm" c="dimmed">{t('habits.clocksNone')}</Text> : (
          <Table.ScrollContainer minWidth={460} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('habits.clocks') } }}>
            <Table verticalSpacing="xs">
              <Table.Thead><Table.Tr><Table.Th>{t('habits.channel')}</Table.Th><Table.Th ta="right">{t('habits.readers')}</Table.Th><Table.Th ta="right">{t('habits.read')}</Table.Th><Table.Th>{t('habits.serves')}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {clocks.map((clock) => (
                  <Table.Tr key={clock.channel}>
                    <Table.Td>{words.channel(clock.channel)}</Table.Td><Table.Td ta="right"><Num value={clock.people} /></Table.Td><Table.Td ta="right"><Num value={clock.reads} /></Table.Td>
                    <Table.Td><Text size="sm">{t(clock.servesOwn ? 'habits.own' : 'habits.shop')}</Text><Loss blend={clock.hours} /></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Panel>
    </>
  );
}

function Loss({ blend }: { blend: Blend }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  if (blend.both === null || blend.shop === null || blend.both > 0.995 * blend.shop) return null;
  return <Text size="xs" c="dimmed">{t('habits.loss', { share: formats.percent(1 - blend.both / blend.shop) })}</Text>;
}
