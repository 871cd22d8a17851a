/** Choosing products of the shop by their names. */
import { MultiSelect, type MultiSelectProps } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';

/** Products that can be chosen from; a larger range is chosen from by typing an id. */
const LIMIT = 500;

export function ProductPicker({ value, onChange, max, ...more }: { value: string[]; onChange: (ids: string[]) => void; max: number } & Omit<MultiSelectProps, 'value' | 'onChange' | 'data'>) {
  const { t } = useTranslation('recommendations');
  const query = useQuery({ queryKey: ['products', 'choices'], queryFn: () => call(api.GET('/api/v1/products', { params: { query: { limit: LIMIT } } })) });
  const known = (query.data?.items ?? []).map((one) => ({ value: one.product_id, label: one.name ?? one.product_id }));
  const others = value.filter((id) => !known.some((one) => one.value === id)).map((id) => ({ value: id, label: id }));
  return (
    <MultiSelect
      searchable clearable hidePickedOptions maxValues={max} limit={60} data={[...others, ...known]} value={value} onChange={onChange} placeholder={value.length === 0 ? t('chooseProducts') : undefined}
      nothingFoundMessage={t('noProduct')} {...more}
    />
  );
}
