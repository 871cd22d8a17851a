/** What the shop may expect of the customers it has: orders and revenue of the next month, quarter and year. */
import { SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../parts/format';
import { Stat } from '../../parts/Stat';
import type { Ahead as Span } from './report';

export function Ahead({ ahead }: { ahead: Span[] }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  if (ahead.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
      {ahead.map(({ days, orders, spend }) => {
        const range = (told: typeof spend, write: (value: number) => string): string => (told?.low != null && told.high != null ? t('ahead.range', { low: write(told.low), high: write(told.high) }) : '');
        const whole = (value: number): string => formats.number(Math.round(value));
        return (
          <Stat
            key={days} label={t('ahead.label', { n: days })} help={t('ahead.help')}
            value={spend ? formats.moneyShort(Math.round(spend.value)) : orders ? t('ahead.orders', { count: Math.round(orders.value), n: whole(orders.value) }) : ''}
            unavailable={spend || orders ? undefined : t('ahead.none')}
            note={[spend ? range(spend, (value) => formats.moneyShort(Math.round(value))) : '', spend && orders ? t('ahead.orders', { count: Math.round(orders.value), n: whole(orders.value) }) : ''].filter(Boolean).join(' · ')}
          />
        );
      })}
    </SimpleGrid>
  );
}
