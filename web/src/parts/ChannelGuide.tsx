/** Which channel suits what a message is for: by what is known of shops, and by the shop's own results once they suffice. */
import { Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../api';
import { useFormats } from './format';
import { useWords } from './Reason';
import { StatusBadge } from './StatusBadge';

export const USES = ['welcome', 'browse_abandonment', 'cart_abandonment', 'order_and_shipping', 'review_request', 'cross_sell', 'loyalty', 'reactivation', 'birthday'] as const;
export type GuideUse = (typeof USES)[number];

const VERDICTS = ['recommended', 'possible', 'not_recommended'] as const;
const TONES = { recommended: 'good', possible: 'calm', not_recommended: 'wait' } as const;

const EVENTS: Record<string, GuideUse> = {
  'Cart Abandoned': 'cart_abandonment', 'Checkout Abandoned': 'cart_abandonment', 'Product Added': 'cart_abandonment', 'Checkout Started': 'cart_abandonment',
  'Product Viewed': 'browse_abandonment', 'Product List Viewed': 'browse_abandonment', 'Products Searched': 'browse_abandonment',
  'Order Completed': 'order_and_shipping', 'Order Updated': 'order_and_shipping', 'Order Shipped': 'order_and_shipping', 'Order Fulfilled': 'order_and_shipping',
  'Order Cancelled': 'order_and_shipping', 'Order Refunded': 'order_and_shipping', 'Order Delivered': 'review_request', 'Signed Up': 'welcome', 'Account Created': 'welcome', Subscribed: 'welcome', 'Consent Given': 'welcome',
};

/** What the messages of a journey are for, as its start says; null: it does not say. */
export function useOfTrigger(trigger: { type?: unknown; event?: unknown; attribute?: unknown } | undefined): GuideUse | null {
  if (trigger?.type === 'event') return EVENTS[String(trigger.event)] ?? null;
  if ((trigger?.type === 'date' || trigger?.type === 'anniversary') && String(trigger.attribute).toLowerCase().includes('birth')) return 'birthday';
  return null;
}

/** `of`: what the message is for, where that is known; else it can be chosen. */
export function ChannelGuide({ channel, of }: { channel: string; of: GuideUse | null }) {
  const { t } = useTranslation('ways');
  const words = useWords();
  const formats = useFormats();
  const [chosen, setChosen] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['channel-guide'], queryFn: async () => (await call(api.GET('/api/v1/channel-guide'))).items, staleTime: 300_000 });
  const lines = query.data;
  if (!lines) return null;
  const use = of ?? chosen;
  const line = lines.find((one) => one.use === use);
  const own = line?.channels.find((one) => one.channel === channel);
  const name = (one: Schema<'GuideVerdict'>) => (one.channel === 'ads' ? t('guide.ads') : words.channel(one.channel));
  const result = (one: Schema<'GuideVerdict'>) => t('guide.result', { count: one.sent, sent: formats.number(one.sent), share: formats.percent(one.sent > 0 ? one.clicked / one.sent : 0) });
  return (
    <Stack gap="xs" component="section" aria-label={t('guide.title')}>
      <Text size="sm" fw={500}>{t('guide.title')}</Text>
      {of === null && (
        <Select
          aria-label={t('guide.use')} placeholder={t('guide.use')} clearable value={chosen} onChange={setChosen} maw={360}
          data={USES.map((one) => ({ value: one, label: t(`guide.uses.${one}`) }))}
        />
      )}
      {line && (
        <>
          {own && (
            <Group gap="xs">
              <StatusBadge tone={TONES[own.verdict as keyof typeof TONES] ?? 'calm'}>{t(`guide.verdict.${own.verdict}`)}</StatusBadge>
              <Text size="sm" style={{ flex: '1 1 200px' }}>{t('guide.own', { channel: name(own), use: t(`guide.uses.${line.use}`) })}</Text>
            </Group>
          )}
          {own && own.sent > 0 && <Text size="xs" c="dimmed">{result(own)} {own.is_own ? t('guide.isOwn') : t('guide.notYet')}</Text>}
          <Stack gap={2} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
            {VERDICTS.map((verdict) => {
              const fitting = line.channels.filter((one) => one.verdict === verdict);
              return fitting.length === 0 ? null : <Text key={verdict} component="li" size="xs" c="dimmed">{t(`guide.verdict.${verdict}`)}: {fitting.map(name).join(', ')}</Text>;
            })}
          </Stack>
        </>
      )}
    </Stack>
  );
}
