import { SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { Money, Num, Percent, useFormats } from '../../parts/format';
import { Stat } from '../../parts/Stat';
import { change, rate } from './period';

type Overview = Schema<'Overview'>;

/** The figures of the period, each against the one before. */
export function Numbers({ overview }: { overview: Overview | undefined }) {
  const { t } = useTranslation('home');
  const formats = useFormats();
  const isLoading = !overview;
  const now = overview?.totals;
  const before = overview?.totals_before;
  const days = overview?.days ?? [];
  const trend = (of: (day: Overview['days'][number]) => number) => days.map(of);
  const noOrders = overview && !overview.has_orders ? t('number.noOrders') : undefined;
  const noMessages = overview && !overview.has_messages ? t('number.noMessages') : undefined;
  const noneSent = noMessages ?? (now && now.sent === 0 ? t('number.noneSent') : undefined);
  const shares = (of: 'opened' | 'clicked' | 'unsubscribed') => ({
    now: now ? rate(now[of], now.sent) : null,
    before: before ? rate(before[of], before.sent) : null,
  });
  const changed = (of: 'opened' | 'clicked' | 'unsubscribed') => {
    const { now: share, before: earlier } = shares(of);
    return share !== null && earlier ? change(share, earlier) : null;
  };
  const machines = (count: number | undefined) => formats.number(count ?? 0);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="md">
      <Stat
        label={t('number.revenue')} help={t('number.revenueHelp')} isLoading={isLoading} unavailable={noOrders}
        value={<Money value={now?.revenue} short />} change={now && before ? change(now.revenue, before.revenue) : null} trend={trend((day) => day.revenue)}
      />
      <Stat
        label={t('number.credited')} help={t('number.creditedHelp', { days: formats.number(overview?.attribution_days ?? 5) })} isLoading={isLoading}
        unavailable={noOrders ?? noMessages} value={<Money value={now?.credited_revenue} short />}
        change={now && before ? change(now.credited_revenue, before.credited_revenue) : null} trend={trend((day) => day.credited_revenue)}
      />
      <Stat
        label={t('number.orders')} help={t('number.ordersHelp', { count: now?.buyers ?? 0, buyers: formats.number(now?.buyers ?? 0) })} isLoading={isLoading}
        unavailable={noOrders} value={<Num value={now?.orders} />} change={now && before ? change(now.orders, before.orders) : null} trend={trend((day) => day.orders)}
      />
      <Stat
        label={t('number.people')} help={t('number.peopleHelp', { people: formats.number(now?.new_people ?? 0) })} isLoading={isLoading} unavailable={noOrders}
        value={<Num value={now?.first_buyers} />} change={now && before ? change(now.first_buyers, before.first_buyers) : null} trend={trend((day) => day.first_buyers)}
      />
      <Stat
        label={t('number.sent')} help={t('number.sentHelp')} isLoading={isLoading} unavailable={noMessages} value={<Num value={now?.sent} />}
        change={now && before ? change(now.sent, before.sent) : null} trend={trend((day) => day.sent)}
      />
      <Stat
        label={t('number.opened')} help={t('number.openedHelp', { machines: machines(now?.machine_opened) })} isLoading={isLoading} unavailable={noneSent}
        value={<Percent value={shares('opened').now} />} change={changed('opened')} trend={trend((day) => day.opened)}
      />
      <Stat
        label={t('number.clicked')} help={t('number.clickedHelp', { machines: machines(now?.machine_clicked) })} isLoading={isLoading} unavailable={noneSent}
        value={<Percent value={shares('clicked').now} />} change={changed('clicked')} trend={trend((day) => day.clicked)}
      />
      <Stat
        label={t('number.left')} help={t('number.leftHelp')} isLoading={isLoading} unavailable={noneSent} isBadWhenUp
        value={<Percent value={shares('unsubscribed').now} digits={2} />} change={changed('unsubscribed')} trend={trend((day) => day.unsubscribed)}
      />
    </SimpleGrid>
  );
}
