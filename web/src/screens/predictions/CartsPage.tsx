/** How well it is known which carts are bought without help, and when a reminder pays most. */
import { Card, Group, SimpleGrid, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconShoppingCart } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Chart } from '../../parts/Chart';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { StatusBadge } from '../../parts/StatusBadge';
import { Calibration } from './Calibration';
import css from './Chart.module.css';
import { History } from './History';
import { LearnButton, LearningPanel } from './Learning';
import { type CartsReport, readCarts } from './report';
import { kindOf, type ModelFit, useModels } from './use';
import { useVerdict } from './verdict';

export default function CartsPage() {
  const { t } = useTranslation('predictions');
  const models = useModels();
  const { ofFit } = useVerdict();
  const learned = kindOf(models.data?.items, 'carts');
  const fit = learned.serving ?? learned.refused;
  return (
    <Page title={t('kind.carts.name')} text={t('kind.carts.long')} above={[{ title: t('title'), to: '/predictions' }]} actions={<LearnButton job={models.data?.job} kinds={['carts']} />}>
      {models.error && !models.data ? <ErrorNote error={models.error} retry={() => void models.refetch()} /> : !models.data ? <Stack><Skeleton h={120} radius="lg" /><Skeleton h={300} radius="lg" /></Stack> : (
        <>
          <LearningPanel job={models.data.job} />
          {fit ? <Fit fit={fit} /> : <Panel><EmptyState Icon={IconShoppingCart} title={t('verdict.none.title')} text={t('verdict.none.carts')} /></Panel>}
          {fit && <History kind="carts" say={(one) => ofFit('carts', one).text} />}
        </>
      )}
    </Page>
  );
}

function Fit({ fit }: { fit: ModelFit }) {
  const { t } = useTranslation('predictions');
  const { ofFit } = useVerdict();
  const report = readCarts(fit.report);
  const verdict = ofFit('carts', fit);
  const count = (value: number | null) => <>{value === null ? '–' : <Numbered value={value} />}</>;
  return (
    <>
      <Card padding="lg" component="section">
        <Group gap="sm" mb={6}><Title order={2} size="h3">{t('verdict.title')}</Title><StatusBadge tone={verdict.tone}>{verdict.badge}</StatusBadge></Group>
        <Text data-verdict>{verdict.text}</Text>
        <dl className={css.facts} style={{ marginTop: 12 }}><dt>{t('fact.since')}</dt><dd><When at={fit.fitted_at} full /></dd></dl>
      </Card>
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
        <Stat label={t('carts.seen')} value={count(report.carts)} help={t('carts.seenHelp')} />
        <Stat label={t('carts.people')} value={count(report.people)} />
        <Stat label={t('carts.alone')} value={count(report.boughtAlone)} help={t('carts.aloneHelp')} />
        <Stat label={t('carts.helped')} value={count(report.helped)} help={t('carts.helpedHelp')} />
      </SimpleGrid>
      {(report.bySilence.length > 0 || report.delays.length > 0) && (
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          {report.bySilence.length > 0 && <Panel title={t('carts.silence')} text={t('carts.silenceText')}><Bars values={report.bySilence} label={t('carts.silenceLabel')} /></Panel>}
          {report.delays.length > 0 && <Panel title={t('carts.delays')} text={t('carts.delaysText')}><Bars values={report.delays} label={t('carts.delaysLabel')} /></Panel>}
        </SimpleGrid>
      )}
      {report.calibration.length > 0 && (
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          <Panel title={t('calibration.title')} text={t('carts.calibration')}><Calibration groups={report.calibration} isShare label={t('calibration.label')} /></Panel>
          <Panel title={t('errors.title')} text={t('carts.errors')}><Qualities report={report} /></Panel>
        </SimpleGrid>
      )}
    </>
  );
}

function Numbered({ value }: { value: number }) {
  return <span className="ql-num">{useFormats().number(value)}</span>;
}

/** Shares by a length of time. */
function Bars({ values, label }: { values: { minutes: number; share: number }[]; label: string }) {
  const formats = useFormats();
  const option = useMemo(() => ({
    xAxis: { type: 'category', data: values.map((one) => formats.duration(one.minutes * 60_000)), axisLabel: { interval: 0, hideOverlap: true, width: 64, overflow: 'break' } },
    yAxis: { type: 'value', axisLabel: { formatter: (value: number) => formats.percent(value, 0) } },
    tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? formats.percent(value) : '') },
    series: [{ name: label, type: 'bar', barMaxWidth: 40, itemStyle: { borderRadius: [4, 4, 0, 0] }, data: values.map((one) => one.share) }],
  }), [values, formats, label]);
  return <Chart option={option} label={`${label}: ${values.map((one) => `${formats.duration(one.minutes * 60_000)} ${formats.percent(one.share, 0)}`).join(', ')}`} height={250} />;
}

function Qualities({ report }: { report: CartsReport }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const rows = (['model', 'recency', 'base'] as const).map((key) => ({ key, of: report[key], serves: report.serves === key }));
  const write = (value: number | null): string => (value === null ? '–' : formats.number(value, 3));
  return (
    <>
      <Table.ScrollContainer minWidth={340} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('errors.title') } }}>
        <Table verticalSpacing="xs">
          <Table.Thead><Table.Tr><Table.Th>{t('errors.what')}</Table.Th><Table.Th ta="right">{t('measure.log_loss.name')}</Table.Th><Table.Th ta="right">{t('measure.auc.name')}</Table.Th><Table.Th ta="right">{t('measure.brier.name')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.key} bg={row.serves ? 'var(--ql-accent-tint)' : undefined}>
                <Table.Td><Group gap={8}><Text size="sm" fw={row.serves ? 600 : 400}>{t(`carts.tried.${row.key}`)}</Text>{row.serves && <StatusBadge tone="good">{t('errors.serves')}</StatusBadge>}</Group></Table.Td>
                <Table.Td ta="right" className="ql-num">{write(row.of.logLoss)}</Table.Td>
                <Table.Td ta="right" className="ql-num">{write(row.of.auc)}</Table.Td>
                <Table.Td ta="right" className="ql-num">{write(row.of.brier)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="xs" c="dimmed" mt="xs">{t('measure.log_loss.text')} {t('measure.auc.text')} {t('measure.brier.text')}</Text>
    </>
  );
}
