/** How good the forecast of purchases is, by the shop's own past. */
import { Accordion, Card, Group, SimpleGrid, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconCrystalBall } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { Note } from '../../parts/Note';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Calibration } from './Calibration';
import css from './Chart.module.css';
import { Errors } from './Errors';
import { History } from './History';
import { LearnButton, LearningPanel } from './Learning';
import { type Parameter, type PurchasesReport, readPurchases } from './report';
import { kindOf, type ModelFit, useModels } from './use';
import { useVerdict } from './verdict';
import { WinBackPanel } from './WinBackPanel';

/** What is worth knowing beside the verdict, which says by itself what serves. */
const REASONS = [
  'pooled_prior', 'not_back_tested', 'too_little_for_trees', 'drop_out_not_identified', 'value_depends_on_frequency', 'no_amounts', 'waste_not_kept', 'win_back_not_back_tested',
  'not_converged', 'orders_left_out', 'sampled',
] as const;
const PRIORS = ['pooled', 'weak', 'none'] as const;
const INDEPENDENCE = ['too_few', 'holds', 'strained', 'fails'] as const;

export default function PurchasesPage() {
  const { t } = useTranslation('predictions');
  const models = useModels();
  const { ofFit } = useVerdict();
  const learned = kindOf(models.data?.items, 'purchases');
  const fit = learned.serving ?? learned.refused;
  return (
    <Page title={t('kind.purchases.name')} text={t('kind.purchases.long')} above={[{ title: t('title'), to: '/predictions' }]} actions={<LearnButton job={models.data?.job} kinds={['purchases']} />}>
      {models.error && !models.data ? <ErrorNote error={models.error} retry={() => void models.refetch()} /> : !models.data ? <Stack><Skeleton h={120} radius="lg" /><Skeleton h={300} radius="lg" /></Stack> : (
        <>
          <LearningPanel job={models.data.job} />
          {fit ? <Fit fit={fit} refused={learned.serving ? (learned.refused ?? null) : null} /> : <Panel><EmptyState Icon={IconCrystalBall} title={t('empty.title')} text={t('empty.text')} /></Panel>}
          {fit && <History kind="purchases" say={(one) => ofFit('purchases', one).text} />}
        </>
      )}
    </Page>
  );
}

function Fit({ fit, refused }: { fit: ModelFit; refused: ModelFit | null }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const { ofFit, data } = useVerdict();
  const report = readPurchases(fit.report);
  const verdict = ofFit('purchases', fit);
  const { test, drift } = report;
  const reasons = REASONS.filter((one) => report.reasons.includes(one));
  return (
    <>
      <Card padding="lg" component="section">
        <Group gap="sm" mb={6}><Title order={2} size="h3">{t('verdict.title')}</Title><StatusBadge tone={verdict.tone}>{verdict.badge}</StatusBadge></Group>
        <Text data-verdict>{verdict.text}</Text>
        <dl className={css.facts} style={{ marginTop: 12 }}>
          <dt>{t('fact.since')}</dt><dd><When at={fit.fitted_at} full /></dd>
          <dt>{t('fact.from')}</dt><dd>{data('purchases', fit)}</dd>
          {report.from && report.until && <><dt>{t('fact.span')}</dt><dd>{formats.date(report.from)} – {formats.date(report.until)}</dd></>}
          {test?.days != null && test.cut && <><dt>{t('fact.trial')}</dt><dd>{t('fact.trialText', { cut: formats.date(test.cut), days: formats.number(test.days), n: formats.number(test.customers ?? 0) })}</dd></>}
          {test?.coverage != null && <><dt>{t('fact.coverage')}</dt><dd>{t('fact.coverageText', { share: formats.percent(test.coverage, 0) })}</dd></>}
          {test?.topFifth != null && <><dt>{t('fact.top')}</dt><dd>{t('fact.topText', { share: formats.percent(test.topFifth, 0) })}</dd></>}
          {drift?.ratio != null && <><dt>{t('fact.drift')}</dt><dd>{t('fact.driftText', { share: formats.percent(drift.ratio, 0) })}</dd></>}
        </dl>
        {drift?.hasDrifted && <Note tone="wait" mt="md"><Text size="sm">{t('fact.driftOff')}</Text></Note>}
        {reasons.length > 0 && <Note tone="calm" mt="md" title={t('reasons')}><ul className={css.reasons}>{reasons.map((one) => <li key={one}>{t(`reason.${one}`)}</li>)}</ul></Note>}
        {refused && <Note tone="calm" mt="md"><Text size="sm">{t('verdict.newerRefused')} <When at={refused.fitted_at} full /></Text></Note>}
      </Card>
      {report.calibration.length > 0 && <Panel title={t('calibration.title')} text={t('calibration.text', { days: formats.number(test?.days ?? 0) })}><Calibration groups={report.calibration} label={t('calibration.label')} /></Panel>}
      {report.tried.length > 0 && <Panel title={t('errors.title')} text={t('errors.text')}><Errors tried={report.tried} /></Panel>}
      <WinBackPanel winBack={report.winBack} />
      {report.models.length > 0 && <Analysts report={report} />}
    </>
  );
}

/** What only those want to see who know the models by name. */
function Analysts({ report }: { report: PurchasesReport }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const [first] = report.models;
  if (!first) return null;
  const prior = PRIORS.find((one) => one === first.prior);
  const independence = INDEPENDENCE.find((one) => one === report.independence?.verdict);
  return (
    <Accordion variant="separated" radius="lg" chevronPosition="left">
      <Accordion.Item value="analysts">
        <Accordion.Control><Text fw={600}>{t('analysts.title')}</Text><Text size="sm" c="dimmed">{t('analysts.text')}</Text></Accordion.Control>
        <Accordion.Panel>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Parameters title={t('analysts.timing', { model: first.kind.toUpperCase() })} rows={first.parameters} />
            {report.spend.length > 0 && <Parameters title={t('analysts.spend')} rows={report.spend} />}
          </SimpleGrid>
          <dl className={css.facts} style={{ marginTop: 16 }}>
            {prior && <><dt>{t('analysts.prior')}</dt><dd>{t(`analysts.priors.${prior}`)}</dd></>}
            {first.dropOut !== null && <><dt>{t('analysts.dropOut')}</dt><dd>{t(first.dropOut ? 'analysts.dropOutYes' : 'analysts.dropOutNo')}</dd></>}
            {independence && <><dt>{t('analysts.independence')}</dt><dd>{t(`analysts.independent.${independence === 'too_few' ? 'unclear' : independence}`)}{report.independence?.correlation != null && ` (${formats.number(report.independence.correlation, 2)})`}</dd></>}
          </dl>
          {report.models.some((one) => one.logLikelihood !== null) && (
            <Table verticalSpacing={4} mt="md">
              <Table.Thead><Table.Tr><Table.Th>{t('analysts.model')}</Table.Th><Table.Th ta="right">{t('analysts.likelihood')}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{report.models.map((one) => <Table.Tr key={one.kind}><Table.Td>{one.kind.toUpperCase()}</Table.Td><Table.Td ta="right" className="ql-num">{one.logLikelihood === null ? '–' : formats.number(one.logLikelihood, 2)}</Table.Td></Table.Tr>)}</Table.Tbody>
            </Table>
          )}
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Parameters({ title, rows }: { title: string; rows: Parameter[] }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>{title}</Text>
      <Table verticalSpacing={4}>
        <Table.Thead><Table.Tr><Table.Th>{t('analysts.parameter')}</Table.Th><Table.Th ta="right">{t('analysts.value')}</Table.Th><Table.Th ta="right">{t('analysts.error')}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.name}><Table.Td><code>{row.name}</code></Table.Td><Table.Td ta="right" className="ql-num">{formats.number(row.value, 4)}</Table.Td><Table.Td ta="right" className="ql-num">{row.error === null ? '–' : `± ${formats.number(row.error, 4)}`}</Table.Td></Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
