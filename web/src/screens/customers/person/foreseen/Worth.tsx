/** Expected orders and spend over three spans, each with what it falls between, and the worth from today on. */
import { Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { minorDigits, useFormats } from '../../../../parts/format';
import { type Foreseen, SPANS } from '../../../../parts/foreseen';
import classes from './foreseen.module.css';
import { Label } from './NextOrder';

export function Worth({ foreseen }: { foreseen: Foreseen }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const money = (units: number): string => {
    const minor = Math.round(units * 10 ** minorDigits(formats.currency));
    return Math.abs(units) >= 10_000 ? formats.moneyShort(minor) : formats.money(minor);
  };
  const count = (value: number): string => formats.number(value, value < 10 ? 1 : 0);
  const rows = SPANS.map((span) => ({ span, orders: foreseen.orders[span], spend: foreseen.spend[span] })).filter((row) => row.orders || row.spend);
  return (
    <div>
      {rows.length > 0 && (
        <Table withRowBorders={false} verticalSpacing={4} horizontalSpacing={0} className={classes.worth}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th><Label text={t('person.expected')} help={t('person.expectedHelp')} /></Table.Th>
              <Table.Th ta="right"><Text size="sm" c="dimmed">{t('person.orders')}</Text></Table.Th>
              <Table.Th ta="right"><Text size="sm" c="dimmed">{t('person.spend')}</Text></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ span, orders, spend }) => (
              <Table.Tr key={span}>
                <Table.Td><Text size="sm">{t('person.days', { n: Number.parseInt(span, 10) })}</Text></Table.Td>
                <Table.Td ta="right">
                  <Text size="sm" fw={600} className="ql-num">{orders ? count(orders.value) : '–'}</Text>
                  {orders && orders.low !== null && orders.high !== null && <Text size="xs" c="dimmed" className="ql-num">{t('person.range', { low: count(orders.low), high: count(orders.high) })}</Text>}
                </Table.Td>
                <Table.Td ta="right">
                  <Text size="sm" fw={600} className="ql-num">{spend ? money(spend.value) : '–'}</Text>
                  {spend && spend.low !== null && spend.high !== null && <Text size="xs" c="dimmed" className="ql-num">{t('person.range', { low: money(spend.low), high: money(spend.high) })}</Text>}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {foreseen.clv !== null && (
        <div className={classes.pair} style={{ marginTop: rows.length > 0 ? 10 : 0 }}>
          <Label text={t('person.clv')} help={t('person.clvHelp')} />
          <strong className="ql-num">{money(foreseen.clv)}</strong>
        </div>
      )}
    </div>
  );
}
