import { Group, SegmentedControl, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Trend } from '../../parts/Trend';
import { useGrowth } from './use';

const SPANS = ['30', '90', '365'] as const;

/** Members day by day, who came and who went. */
export default function Growth({ id }: { id: string }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const [span, setSpan] = useState<string>('30');
  const growth = useGrowth([id], Number(span));
  const days = (growth.of(id) ?? []).filter((day) => day.count !== null);
  const sum = (pick: (day: (typeof days)[number]) => number): number => days.reduce((all, day) => all + pick(day), 0);
  const short = (day: string): string => day.split('-').reverse().slice(0, 2).join('/');
  return (
    <Panel
      title={t('growth.title')}
      actions={<SegmentedControl size="xs" aria-label={t('growth.span')} value={span} onChange={setSpan} data={SPANS.map((one) => ({ value: one, label: t('growth.days', { count: Number(one), n: one }) }))} />}
    >
      {growth.isPending ? (
        <Skeleton h={220} aria-busy="true" />
      ) : growth.error ? (
        <ErrorNote error={growth.error} retry={() => void growth.refetch()} />
      ) : days.length < 2 ? (
        <Text size="sm" c="dimmed">{t('growth.young')}</Text>
      ) : (
        <>
          <Group gap="lg" mb="sm">
            <Text size="sm"><Text span c="var(--ql-good)" fw={600} className="ql-num">+{formats.number(sum((day) => day.entered))}</Text> {t('growth.entered')}</Text>
            <Text size="sm"><Text span c="var(--ql-bad)" fw={600} className="ql-num">−{formats.number(sum((day) => day.left))}</Text> {t('growth.left')}</Text>
            {sum((day) => Math.abs(day.redefined)) > 0 && <Text size="sm" c="dimmed">{t('growth.redefined', { n: formats.number(sum((day) => day.redefined)) })}</Text>}
          </Group>
          <Trend
            label={t('growth.label')} points={days.map((day) => short(day.day))} series={[{ name: t('growth.members'), values: days.map((day) => day.count ?? 0), kind: 'line' }]}
            format={(value) => formats.number(value)} formatShort={(value) => formats.short(value)} height={220}
          />
        </>
      )}
    </Panel>
  );
}
