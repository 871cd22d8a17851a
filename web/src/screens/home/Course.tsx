import { SegmentedControl, Skeleton } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Trend } from '../../parts/Trend';
import { noon } from './period';

/** How the period went, day by day. */
export function Course({ overview }: { overview: Schema<'Overview'> | undefined }) {
  const { t } = useTranslation('home');
  const formats = useFormats();
  const [shown, setShown] = useState<'revenue' | 'messages'>('revenue');
  if (!overview) return <Panel><Skeleton h={300} /></Panel>;
  const isKnown = shown === 'revenue' ? overview.has_orders : overview.has_messages;
  const points = overview.days.map((day) => formats.date(noon(day.date)).slice(0, 5));
  return (
    <Panel
      title={t(`course.${shown}`)} text={t(`course.${shown}Text`)}
      actions={
        <SegmentedControl
          size="xs" aria-label={t('course.label')} value={shown} onChange={(value) => setShown(value as typeof shown)}
          data={[{ value: 'revenue', label: t('course.byRevenue') }, { value: 'messages', label: t('course.byMessages') }]}
        />
      }
    >
      {!isKnown ? (
        <EmptyState isSmall Icon={IconChartBar} title={t(`course.${shown}None`)} text={t(`course.${shown}NoneText`)} />
      ) : shown === 'revenue' ? (
        <Trend
          label={t('course.revenueLabel')} points={points} format={(value) => formats.money(value)} formatShort={(value) => formats.moneyShort(value)}
          series={[
            { name: t('number.revenue'), kind: 'bar', values: overview.days.map((day) => day.revenue) },
            { name: t('number.credited'), kind: 'line', values: overview.days.map((day) => day.credited_revenue) },
          ]}
        />
      ) : (
        <Trend
          label={t('course.messagesLabel')} points={points} format={(value) => formats.number(value)} formatShort={(value) => formats.short(value)}
          series={[
            { name: t('number.sent'), kind: 'bar', values: overview.days.map((day) => day.sent) },
            { name: t('course.opened'), kind: 'line', values: overview.days.map((day) => day.opened) },
            { name: t('course.clicked'), kind: 'line', values: overview.days.map((day) => day.clicked) },
          ]}
        />
      )}
    </Panel>
  );
}
