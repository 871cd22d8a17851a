/** The rules of one place. */
import { Group, NumberInput, Select, Stack, Switch, TagsInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import type { Rules } from './model';

/** The categories of the shop's products. */
export function useCategories(): string[] {
  const query = useQuery({
    queryKey: ['products', 'categories'], staleTime: 60_000, retry: false,
    queryFn: () => call(api.GET('/api/v1/catalog/values', { params: { query: { of: 'product', name: 'category', limit: 200 } } })),
  });
  return (query.data?.items ?? []).map((one) => String(one.value));
}

export function RulesFields({ rules, set, disabled }: { rules: Rules; set: (rules: Partial<Rules>) => void; disabled: boolean }) {
  const { t } = useTranslation('recommendations');
  const categories = useCategories();
  const number = (told: string | number): number | null => (told === '' ? null : Number(told));
  const band = rules.price_band;
  return (
    <Stack>
      <Switch label={t('rules.inStock')} description={t('rules.inStockText')} checked={rules.in_stock_only ?? true} onChange={(event) => set({ in_stock_only: event.currentTarget.checked })} disabled={disabled} />
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <Select
          label={t('rules.bought')} allowDeselect={false} data={(['ever', 'days', 'shown'] as const).map((value) => ({ value, label: t(`rules.boughtIs.${value}`) }))} value={rules.bought ?? 'ever'}
          onChange={(bought) => set({ bought: bought ?? 'ever', bought_days: bought === 'days' ? (rules.bought_days ?? 90) : null })} disabled={disabled}
        />
        {rules.bought === 'days' && <NumberInput label={t('rules.boughtDays')} min={1} max={3650} value={rules.bought_days ?? 90} onChange={(told) => set({ bought_days: number(told) ?? 90 })} disabled={disabled} />}
      </Group>
      <Switch label={t('rules.withCart')} checked={rules.with_cart ?? false} onChange={(event) => set({ with_cart: event.currentTarget.checked })} disabled={disabled} />
      <Switch label={t('rules.complete')} description={t('rules.completeText')} checked={rules.complete_only ?? false} onChange={(event) => set({ complete_only: event.currentTarget.checked })} disabled={disabled} />
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <NumberInput label={t('rules.margin')} description={t('rules.marginText')} min={0} max={99} suffix=" %" placeholder={t('rules.any')} value={rules.min_margin ?? ''} onChange={(told) => set({ min_margin: number(told) })} disabled={disabled} />
        <NumberInput label={t('rules.perCategory')} description={t('rules.perCategoryText')} min={1} max={50} placeholder={t('rules.any')} value={rules.max_per_category ?? ''} onChange={(told) => set({ max_per_category: number(told) })} disabled={disabled} />
      </Group>
      <TagsInput label={t('rules.only')} description={t('rules.onlyText')} data={categories} value={rules.only_categories ?? []} onChange={(only_categories) => set({ only_categories })} disabled={disabled} />
      <TagsInput label={t('rules.never')} data={categories} value={rules.never_categories ?? []} onChange={(never_categories) => set({ never_categories })} disabled={disabled} />
      <Switch label={t('rules.band')} description={t('rules.bandText')} checked={!!band} onChange={(event) => set({ price_band: event.currentTarget.checked ? { below: 50, above: 100 } : null })} disabled={disabled} />
      {band && (
        <Group align="flex-start" grow preventGrowOverflow={false}>
          <NumberInput label={t('rules.below')} min={0} max={100} suffix=" %" value={band.below} onChange={(told) => set({ price_band: { ...band, below: number(told) ?? 0 } })} disabled={disabled} />
          <NumberInput label={t('rules.above')} min={0} max={1000} suffix=" %" value={band.above} onChange={(told) => set({ price_band: { ...band, above: number(told) ?? 0 } })} disabled={disabled} />
        </Group>
      )}
    </Stack>
  );
}
