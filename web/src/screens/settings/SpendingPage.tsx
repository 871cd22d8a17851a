/** What messages cost, what they may cost, and the shop's prices. */
import { Anchor, SimpleGrid, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconReceipt } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { Budget, BudgetMeter, type BudgetView, budgetsQuery } from '../../parts/Budget';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { MoneyInput } from '../../parts/MoneyInput';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { Trend } from '../../parts/Trend';
import { Frame } from './Frame';
import { SaveBar } from './SaveBar';

type Prices = Schema<'MessagePrices'>;
const NETWORKS = ['any', 'viettel', 'vinaphone', 'mobifone', 'other'] as const;
const CLASSES = ['care', 'advertising'] as const;
const ZNS = ['transaction', 'payment', 'image'] as const;

export default function SpendingPage() {
  const { t } = useTranslation('spending');
  return (
    <Frame at="spending" text={t('text')}>
      <Stack gap="lg">
        <Spent />
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Panel title={t('day')}><Budget scope="day" label={t('dayBudget')} text={t('dayText')} /></Panel>
          <Panel title={t('month')}><Budget scope="month" label={t('monthBudget')} text={t('monthText')} /></Panel>
        </SimpleGrid>
        <Others />
        <PriceList />
      </Stack>
    </Frame>
  );
}

function Spent() {
  const { t } = useTranslation('spending');
  const formats = useFormats();
  const query = useQuery({ queryKey: ['settings', 'spending'], queryFn: () => call(api.GET('/api/v1/reports/spending', { params: { query: {} } })) });
  const report = query.data;
  const days = useMemo(() => {
    if (!report) return [];
    const found = new Map(report.days.map((one) => [one.day, one.amount]));
    const all: { day: string; amount: number }[] = [];
    // Days of the shop's calendar, which have no time: reckoned as those of UTC.
    for (let at = Date.parse(`${report.from}T00:00:00Z`); at <= Date.parse(`${report.to}T00:00:00Z`); at += 86_400_000) {
      const day = new Date(at).toISOString().slice(0, 10);
      all.push({ day, amount: found.get(day) ?? 0 });
    }
    return all;
  }, [report]);
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!report) return <Skeleton h={280} radius="lg" />;
  return (
    <Panel title={t('spent')} text={t('spentText')}>
      {report.messages === 0 ? <EmptyState isSmall Icon={IconReceipt} title={t('nothing')} text={t('nothingText')} /> : (
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Stat label={t('sum')} value={formats.money(report.amount, report.currency)} help={t('sumHelp')} />
            <Stat label={t('count')} value={formats.number(report.messages)} />
          </SimpleGrid>
          <Trend
            label={t('chart')} height={200} points={days.map((one) => `${one.day.slice(8)}/${one.day.slice(5, 7)}`)} series={[{ name: t('sum'), kind: 'bar', values: days.map((one) => one.amount) }]}
            format={(value) => formats.money(value, report.currency)} formatShort={(value) => formats.moneyShort(value, report.currency)}
          />
        </Stack>
      )}
    </Panel>
  );
}

/** Budgets of campaigns and journeys, which are set on their own pages. */
function Others() {
  const { t } = useTranslation('spending');
  const query = useQuery(budgetsQuery);
  const others = query.data?.filter((one) => one.scope.includes(':')) ?? [];
  if (others.length === 0) return null;
  return (
    <Panel title={t('others')} text={t('othersText')}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>{others.map((one) => <Other key={one.scope} budget={one} />)}</SimpleGrid>
    </Panel>
  );
}

function Other({ budget }: { budget: BudgetView }) {
  const { t } = useTranslation('spending');
  const [kind = '', id = ''] = budget.scope.split(/:(.*)/s);
  const query = useQuery({
    queryKey: [kind === 'campaign' ? 'campaigns' : 'journeys', id, 'name'], retry: false,
    queryFn: async () => (kind === 'campaign' ? await call(api.GET('/api/v1/campaigns/{id}', { params: { path: { id } } })) : await call(api.GET('/api/v1/journeys/{id}', { params: { path: { id } } }))).name,
  });
  const name = query.data ?? id;
  return (
    <div>
      <Anchor component={Link} to={`/${kind === 'campaign' ? 'campaigns' : 'journeys'}/${id}`} size="sm" fw={600}>{name}</Anchor>
      <BudgetMeter budget={budget} label={t('budgetOf', { name })} />
    </div>
  );
}

const brandQuery = { queryKey: ['settings', 'brand'], queryFn: () => call(api.GET('/api/v1/brand')) };

function PriceList() {
  const { t } = useTranslation('spending');
  const query = useQuery(brandQuery);
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <PageSkeleton />;
  return <Panel title={t('prices')} text={t('pricesText')}><PriceForm texting={query.data.texting} /></Panel>;
}

function PriceForm({ texting }: { texting: Schema<'TextingView'> }) {
  const { t } = useTranslation(['spending', 'settings']);
  const may = useMay('setup.change');
  const form = useForm<Prices>({ initialValues: texting.prices });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = JSON.stringify(texting.prices);
  useEffect(() => {
    setInitialValues(texting.prices);
    setValues(texting.prices);
    resetDirty(texting.prices);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const save = useMutation({
    mutationFn: async (prices: Prices) => {
      // What somebody else changed meanwhile stays.
      const { texting: now } = await call(api.GET('/api/v1/brand'));
      return call(api.PUT('/api/v1/brand', { body: { texting: { ...now, prices }, apply: false } }));
    },
    onSuccess: async (design) => {
      queries.setQueryData(brandQuery.queryKey, design);
      await refresh('settings', 'templates');
      notify.done(t('settings:saved'));
    },
    onError: notify.failed,
  });
  const field = (path: string, value: number, label: string) => (
    <MoneyInput aria-label={label} placeholder="–" value={value === 0 ? null : value} onChange={(told) => form.setFieldValue(path as never, (told ?? 0) as never)} disabled={!may} miw={84} max={100_000_000} hideControls />
  );
  return (
    <form onSubmit={form.onSubmit((told) => save.mutate(told))}>
      <Stack>
        {!may && <Note tone="calm">{t('settings:readOnly')}</Note>}
        <Table.ScrollContainer minWidth={280} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('sms') } }}>
          <Table verticalSpacing="xs" horizontalSpacing={6} withRowBorders={false}>
            <Table.Thead><Table.Tr><Table.Th>{t('sms')}</Table.Th>{CLASSES.map((one) => <Table.Th key={one}>{t(`class.${one}`)}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>
              {NETWORKS.map((network) => (
                <Table.Tr key={network}>
                  <Table.Td><Text size="sm">{t(`network.${network}`)}</Text></Table.Td>
                  {CLASSES.map((one) => <Table.Td key={one}>{field(`sms.${one}.${network}`, form.values.sms[one][network], t('priceOf', { what: t(`class.${one}`), network: t(`network.${network}`) }))}</Table.Td>)}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
          {ZNS.map((one) => <div key={one}><Text size="sm" fw={500} mb={4}>{t(`zns.${one}`)}</Text>{field(`zns.${one}`, form.values.zns[one], t(`zns.${one}`))}</div>)}
          <div><Text size="sm" fw={500} mb={4}>{t('email')}</Text>{field('email_per_thousand', form.values.email_per_thousand, t('email'))}</div>
        </SimpleGrid>
        <SaveBar isDirty={may && form.isDirty()} isSaving={save.isPending} drop={() => form.reset()} />
      </Stack>
    </form>
  );
}
