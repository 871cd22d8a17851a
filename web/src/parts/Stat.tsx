import { Card, Group, Skeleton, Text, Tooltip } from '@mantine/core';
import { IconArrowDownRight, IconArrowUpRight, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from './format';
import { Sparkline } from './Sparkline';

export interface StatProps {
  label: string;
  value: ReactNode;
  /** What the figure means, on hover. */
  help?: string;
  /** Below the figure: between which bounds it is. */
  note?: string;
  /** Against the period before: 0.12 is 12 % more. */
  change?: number | null;
  /** Whether more is worse. */
  isBadWhenUp?: boolean;
  trend?: number[];
  isLoading?: boolean;
  /** Instead of a figure that is not known: why. */
  unavailable?: string;
}

/** One figure that matters. */
export function Stat({ label, value, help, note, change, isBadWhenUp, trend, isLoading, unavailable }: StatProps) {
  const { t } = useTranslation('common');
  const formats = useFormats();
  const isUp = (change ?? 0) >= 0;
  const tone = change === null || change === undefined || change === 0 ? 'calm' : isUp === !isBadWhenUp ? 'good' : 'bad';
  const Arrow = isUp ? IconArrowUpRight : IconArrowDownRight;
  return (
    <Card padding="md">
      <Group gap={6} wrap="nowrap">
        <Text size="sm" c="dimmed">{label}</Text>
        {help && <Tooltip label={help} multiline maw={300}><IconInfoCircle size={15} role="img" aria-label={help} color="var(--mantine-color-dimmed)" /></Tooltip>}
      </Group>
      {isLoading ? (
        <Skeleton h={32} mt={6} w="70%" />
      ) : unavailable ? (
        <Text size="sm" mt={6}>{unavailable}</Text>
      ) : (
        <Group justify="space-between" align="flex-end" gap="xs" mt={2} wrap="nowrap">
          <div style={{ minWidth: 0 }}>
            <Text component="div" fz={26} className="ql-big" style={{ whiteSpace: 'nowrap' }}>{value}</Text>
            {note && <Text size="sm" c="dimmed" className="ql-num">{note}</Text>}
            {change !== null && change !== undefined && (
              <Text component="div" size="xs" c={`var(--ql-${tone})`} fw={600}>
                <Group gap={2}>
                  <Arrow size={14} aria-hidden />
                  {formats.percent(Math.abs(change))}
                  <Text span size="xs" c="dimmed">{t('vsBefore')}</Text>
                </Group>
              </Text>
            )}
          </div>
          {trend && trend.length > 1 && <Sparkline values={trend} width={68} />}
        </Group>
      )}
    </Card>
  );
}
