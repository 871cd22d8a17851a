/** Recommended products, each with its reason; `isNarrow` where all come from one rail and there is little room. */
import { Badge, Group, Text, ThemeIcon } from '@mantine/core';
import { IconShoppingBag } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Money, Num, When } from '../../parts/format';
import css from './recommendations.module.css';
import { type Recommended, railOf } from './model';

export function Items({ items, isNarrow }: { items: Recommended[]; isNarrow?: boolean }) {
  return <ol className={css.items}>{items.map((one) => <Item key={one.product_id} one={one} isNarrow={isNarrow} />)}</ol>;
}

function Item({ one, isNarrow }: { one: Recommended; isNarrow?: boolean }) {
  const { t, i18n } = useTranslation('recommendations');
  const { reason } = one;
  const before = reason.price_before ?? one.compare_at_price;
  return (
    <li className={css.item}>
      {one.image_url ? <img src={one.image_url} alt="" width={52} height={52} loading="lazy" className={css.picture} /> : <ThemeIcon size={52} radius="md" variant="light" color="gray"><IconShoppingBag size={24} stroke={1.4} aria-hidden /></ThemeIcon>}
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text size="sm" fw={600} lineClamp={2}>{one.name ?? one.product_id}</Text>
        <Group gap={6}>
          {one.price !== null && one.price !== undefined && <Text size="sm"><Money value={one.price} currency={one.currency ?? undefined} /></Text>}
          {before !== null && before !== undefined && one.price !== null && one.price !== undefined && before > one.price && <Text size="xs" c="dimmed" td="line-through"><Money value={before} currency={one.currency ?? undefined} /></Text>}
          {one.category && <Text size="xs" c="dimmed">{one.category}</Text>}
        </Group>
        <Text size="xs" c="dimmed" data-reason={reason.code}>
          {i18n.language === 'en' ? reason.en : reason.vi}
          {reason.customers ? <> · {t('customers', { count: reason.customers })}</> : null}
          {reason.times ? <> · <Num value={reason.times} /> {t('times', { count: reason.times })}</> : null}
          {reason.at && <> · <When at={reason.at} /></>}
        </Text>
      </div>
      {!isNarrow && <Badge variant="light" color={one.rail ? 'gray' : 'clay'} className={css.rail}>{one.rail ? t(`rail.${railOf(one.rail)}`) : t('pinned')}</Badge>}
    </li>
  );
}
