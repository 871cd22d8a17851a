import { Accordion, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconReceiptOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Money, Num, When } from '../../../parts/format';
import { useWords } from '../../../parts/Reason';
import { StatusBadge } from '../../../parts/StatusBadge';
import { usePages } from '../../../parts/usePages';
import type { Tone } from '../../../theme/theme';
import classes from './person.module.css';
import type { Profile } from './use';

type Order = Schema<'OrderView'>;
const TONES: Record<string, Tone> = { delivered: 'good', completed: 'good', paid: 'good', cancelled: 'bad', returned: 'bad', shipped: 'accent', packed: 'accent' };

function Sums({ order }: { order: Order }) {
  const { t } = useTranslation('customers');
  const sums: [string, number | null | undefined][] = [
    [t('order.subtotal'), order.subtotal], [t('order.discount'), order.discount ? -order.discount : order.discount], [t('order.shipping'), order.shipping], [t('order.tax'), order.tax],
    [t('order.total'), order.total ?? order.revenue], [t('order.refunded'), order.refunded ? -order.refunded : null],
  ];
  return (
    <>
      {sums.filter(([, value]) => value !== null && value !== undefined && value !== 0).map(([label, value]) => (
        <div key={label} className={classes.line}><Text size="sm" c="dimmed">{label}</Text><Text size="sm" fw={500}><Money value={value} currency={order.currency} /></Text></div>
      ))}
      {order.coupon && <div className={classes.line}><Text size="sm" c="dimmed">{t('order.coupon')}</Text><Text size="sm">{order.coupon}</Text></div>}
    </>
  );
}

export default function Orders({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const list = usePages<Order>(['people', profile.id, 'orders'], (cursor) =>
    call(api.GET('/api/v1/profiles/{id}/orders', { params: { path: { id: profile.id }, query: { limit: 25, ...(cursor ? { cursor } : {}) } } })));
  if (list.error) return <ErrorNote error={list.error} retry={list.retry} />;
  if (list.isPending) return <Stack>{[1, 2, 3].map((one) => <Skeleton key={one} h={58} radius="md" />)}</Stack>;
  if (list.rows.length === 0) return <EmptyState Icon={IconReceiptOff} title={t('order.none')} text={t('order.noneText')} />;
  return (
    <Stack>
      <Accordion variant="separated" radius="lg" multiple styles={{ item: { background: 'var(--mantine-color-body)', border: '1px solid var(--ql-line)' } }}>
        {list.rows.map((order) => (
          <Accordion.Item key={`${order.source}-${order.order_id}`} value={`${order.source}-${order.order_id}`}>
            <Accordion.Control>
              <Group justify="space-between" gap="xs" pr="xs">
                <div>
                  <Text size="sm" fw={600}>#{order.order_id}</Text>
                  <Text size="xs" c="dimmed"><When at={order.placed_at} full /> · {order.source}</Text>
                </div>
                <Group gap="sm">
                  <StatusBadge tone={TONES[order.status] ?? 'wait'}>{words.orderStatus(order.status)}</StatusBadge>
                  <Text fw={600}><Money value={order.total ?? order.revenue ?? order.net} currency={order.currency} /></Text>
                </Group>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              {order.lines.map((line, at) => (
                <div key={`${line.product_id}-${at}`} className={classes.line}>
                  <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
                    {line.image_url && <img src={line.image_url} alt="" className={classes.picture} loading="lazy" onError={(event) => { event.currentTarget.hidden = true; }} />}
                    <div style={{ minWidth: 0 }}>
                      <Text size="sm">{line.name ?? line.product_id}</Text>
                      <Text size="xs" c="dimmed">{[line.variant, line.sku, line.category].filter(Boolean).join(' · ')}</Text>
                    </div>
                  </Group>
                  <Text size="sm" ta="right"><Num value={line.quantity} /> × <Money value={line.price} currency={order.currency} /></Text>
                </div>
              ))}
              <Sums order={order} />
              <Stack gap={2} mt="sm">
                {order.history.map((turn) => <Text key={turn.at + turn.status} size="xs" c="dimmed"><When at={turn.at} full /> · {words.orderStatus(turn.status)}</Text>)}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {list.more && <Group justify="center"><Button variant="default" onClick={list.more.load} loading={list.more.isLoading}>{t('common:more')}</Button></Group>}
    </Stack>
  );
}
