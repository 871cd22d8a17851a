import { Button, Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, Navigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay, useSession, useShop } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Alerts } from './Alerts';
import { Checklist } from './Checklist';
import { Health } from './Health';
import { NextThings } from './NextThings';
import { Numbers } from './Numbers';
import { dayIn, daysBack, keepPeriod, keptPeriod, PERIODS, type Period } from './period';
import { Top } from './Top';
import { Course } from './Course';
import { useNews } from './useNews';

const OVERVIEW = ['home', 'overview'] as const;
const ATTENTION = ['home', 'attention'] as const;
const SETUP = ['home', 'setup'] as const;

/** The part of the day, for a greeting. */
function partOfDay(timeZone: string): 'morning' | 'noon' | 'afternoon' | 'evening' {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(new Date()));
  return hour < 11 ? 'morning' : hour < 14 ? 'noon' : hour < 18 ? 'afternoon' : 'evening';
}

/** The first page: what has to be seen to, how the shop does, what comes next. */
export default function HomePage() {
  const { t } = useTranslation('home');
  const session = useSession();
  const shop = useShop();
  const formats = useFormats();
  const maySend = useMay('setup.change');
  const [period, setPeriod] = useState<Period>(keptPeriod);
  const to = dayIn(shop.timeZone, new Date());
  const from = daysBack(to, Number(period) - 1);
  useNews(OVERVIEW, 4_000);
  useNews(ATTENTION, 2_000);
  useNews(SETUP, 4_000);
  const overview = useQuery({
    queryKey: [...OVERVIEW, from, to],
    queryFn: () => call(api.GET('/api/v1/reports/overview', { params: { query: { from, to } } })),
    placeholderData: keepPreviousData,
  });
  const attention = useQuery({ queryKey: ATTENTION, queryFn: () => call(api.GET('/api/v1/reports/attention')) });
  const setup = useQuery({ queryKey: SETUP, queryFn: () => call(api.GET('/api/v1/setup')) });
  if (setup.data?.opens && !sessionStorage.getItem(`quaylai.welcome.left.${session?.workspace ?? ''}`)) return <Navigate to="/welcome" replace />;
  // What stands on top decides where all the rest stands: nothing is shown that would be pushed down.
  const isKnown = !setup.isPending && !attention.isPending;
  const name = session?.name || '';
  const greeting = t(`greeting.${partOfDay(shop.timeZone)}`);
  return (
    <Page
      title={name ? t('hello', { greeting, name }) : greeting}
      text={
        overview.data ? (
          <Group gap={6} component="span">
            <span>{t('period.shown', { from: formats.date(`${overview.data.period.from}T12:00:00Z`), to: formats.date(`${overview.data.period.to}T12:00:00Z`) })}</span>
            <span aria-hidden>·</span>
            <span>{t('updated')} <When at={overview.data.made_at} /></span>
          </Group>
        ) : <Skeleton component="span" h={14} w={260} display="inline-block" />
      }
      actions={
        <>
          <SegmentedControl
            aria-label={t('period.label')} value={period}
            onChange={(value) => {
              setPeriod(value as Period);
              keepPeriod(value as Period);
            }}
            data={PERIODS.map((one) => ({ value: one, label: t(`period.days${one}`) }))}
          />
          {maySend && <Button component={Link} to="/campaigns/new" leftSection={<IconSend size={16} />}>{t('newCampaign')}</Button>}
        </>
      }
    >
      {!isKnown ? <Stack gap="lg" aria-busy="true"><Skeleton h={120} radius="lg" /><Skeleton h={360} radius="lg" /></Stack> : <Stack gap="lg">
        {setup.data && !setup.data.closed && setup.data.current && <Checklist setup={setup.data} />}
        {attention.isError ? <ErrorNote error={attention.error} retry={() => void attention.refetch()} /> : <Alerts attention={attention.data} />}
        {overview.isError && !overview.data ? (
          <ErrorNote error={overview.error} retry={() => void overview.refetch()} />
        ) : (
          <>
            <Numbers overview={overview.data} />
            <Course overview={overview.data} />
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
              <Top kind="journeys" rows={overview.data?.journeys} days={overview.data?.attribution_days} />
              <Top kind="campaigns" rows={overview.data?.campaigns} days={overview.data?.attribution_days} />
            </SimpleGrid>
          </>
        )}
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
          <NextThings attention={attention.data} />
          <Health attention={attention.data} overview={overview.data} />
        </SimpleGrid>
        {overview.data && <Text size="xs" c="dimmed">{t('attribution', { days: formats.number(overview.data.attribution_days) })}</Text>}
      </Stack>}
    </Page>
  );
}
