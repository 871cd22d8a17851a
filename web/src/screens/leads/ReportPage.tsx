/** How good rules and model are at telling who buys: on people whom neither knew. */
import { Alert, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, Percent, useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { Trend } from '../../parts/Trend';
import { assigneesQuery, reportQuery, STATUSES } from './model';
import { useSignalName } from './parts';

interface Quality {
  auc: number | null;
  brier: number | null;
}

/** docs/leads.md: the comparison as it was stored. */
interface Comparison {
  verdict: 'too_few' | 'not_better_than_base' | 'rules_as_good' | 'model_better';
  horizon_days: number;
  judged_people: number;
  judged_buyers: number;
  fitted_buyers: number;
  model: Quality;
  base: Quality;
  rules: Quality | null;
  deciles: { customers: number; forecast: number; actual: number }[];
  grades: { grade: string | null; people: number; bought: number }[];
  weights: [string, number][];
}

export default function ReportPage() {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  const signal = useSignalName();
  const report = useQuery(reportQuery);
  const assignees = useQuery(assigneesQuery);
  if (report.isPending) return <PageSkeleton />;
  if (report.error) return <ErrorNote error={report.error} retry={() => void report.refetch()} />;
  const told = report.data.comparison as unknown as Comparison | null;
  const nameOf = (address: string) => (address === '' ? t('nobody') : assignees.data?.items.find((one) => one.address === address)?.name || address);
  const who = [...new Set(report.data.statuses.map((one) => one.assignee))];
  const count = (assignee: string, status: string) => report.data.statuses.find((one) => one.assignee === assignee && one.status === status)?.people ?? 0;
  // A key that ends in a word for a number would be read as a plural.
  const verdict = told?.verdict === 'too_few' ? 'little' : told?.verdict;
  const hasFigures = told && told.deciles.length > 0;
  const head = { title: t('reportTitle'), text: t('reportText'), above: [{ title: t('title'), to: '/leads' }] };
  return (
    <Page {...head}>
      {who.length > 0 && (
        <Panel title={t('sales.title')} text={t('sales.text')}>
          <Table.ScrollContainer minWidth={640} type="native" tabIndex={0} role="region" aria-label={t('sales.title')}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>{t('column.assignee')}</Table.Th>{STATUSES.map((one) => <Table.Th key={one} ta="right">{t(`status.${one}`)}</Table.Th>)}</Table.Tr></Table.Thead>
              <Table.Tbody>{who.map((one) => <Table.Tr key={one}><Table.Td>{nameOf(one)}</Table.Td>{STATUSES.map((status) => <Table.Td key={status} ta="right"><Num value={count(one, status)} /></Table.Td>)}</Table.Tr>)}</Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Panel>
      )}
      {!told ? <EmptyState Icon={IconChartBar} title={t('compare.noneTitle')} text={t('compare.noneText')} /> : (
        <Stack gap="lg">
          <Alert variant="light" color={told.verdict === 'model_better' ? 'teal' : 'gray'} title={t(`compare.verdict.${verdict}`)}>
            {t(`compare.verdictText.${verdict === 'little' && report.data.model_serves ? 'stale' : verdict}`, { buyers: formats.number(told.fitted_buyers), days: told.horizon_days })}
            <Text size="xs" c="dimmed" mt={6}>{t('compare.judged', { count: told.judged_people, people: formats.number(told.judged_people), buyers: formats.number(told.judged_buyers), days: told.horizon_days })} <When at={report.data.learned_at} full /></Text>
          </Alert>
          {hasFigures && (
            <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="sm">
              <Stat label={t('compare.aucModel')} help={t('compare.aucHelp')} value={formats.number(told.model.auc ?? 0.5, 2)} />
              <Stat label={t('compare.aucRules')} help={t('compare.aucHelp')} value={formats.number(told.rules?.auc ?? 0, 2)} unavailable={told.rules?.auc === null || !told.rules ? t('compare.noRules') : undefined} />
              <Stat label={t('compare.brierModel')} help={t('compare.brierHelp')} value={formats.number(told.model.brier ?? 0, 4)} />
              <Stat label={t('compare.brierBase')} help={t('compare.brierHelp')} value={formats.number(told.base.brier ?? 0, 4)} />
            </SimpleGrid>
          )}
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
            {told.grades.length > 0 && (
              <Panel title={t('outcome.title')} text={t('outcome.text', { days: told.horizon_days })}>
                <Table>
                  <Table.Thead><Table.Tr><Table.Th>{t('column.grade')}</Table.Th><Table.Th ta="right">{t('outcome.people')}</Table.Th><Table.Th ta="right">{t('outcome.bought')}</Table.Th><Table.Th ta="right">{t('outcome.share')}</Table.Th></Table.Tr></Table.Thead>
                  <Table.Tbody>
                    {told.grades.map((one) => <Table.Tr key={one.grade ?? ''}><Table.Td>{one.grade ?? t('below')}</Table.Td><Table.Td ta="right"><Num value={one.people} /></Table.Td><Table.Td ta="right"><Num value={one.bought} /></Table.Td><Table.Td ta="right">{one.people > 0 ? <Percent value={one.bought / one.people} digits={1} /> : '–'}</Table.Td></Table.Tr>)}
                  </Table.Tbody>
                </Table>
              </Panel>
            )}
            {hasFigures && (
              <Panel title={t('decile.title')} text={t('decile.text')}>
                <Trend label={t('decile.title')} height={200} format={(value) => formats.percent(value, 1)} points={told.deciles.map((_, at) => String(at + 1))} series={[{ name: t('decile.told'), kind: 'line', values: told.deciles.map((one) => one.forecast) }, { name: t('decile.came'), kind: 'bar', values: told.deciles.map((one) => one.actual) }]} />
              </Panel>
            )}
            {told.weights.length > 0 && (
              <Panel title={t('weights.title')} text={t('weights.text')}>
                <Stack gap={6}>
                  {told.weights.slice(0, 10).map(([code, weight]) => <Text key={code} size="sm" style={{ display: 'flex', justifyContent: 'space-between', gap: 12 }}><span>{signal(code)}</span><Text span size="sm" className="ql-num" c={weight < 0 ? 'var(--ql-bad)' : 'var(--ql-good)'}>{t(weight < 0 ? 'weights.less' : 'weights.more', { shown: formats.number(Math.exp(Math.abs(weight)), 2) })}</Text></Text>)}
                </Stack>
              </Panel>
            )}
          </SimpleGrid>
        </Stack>
      )}
    </Page>
  );
}
