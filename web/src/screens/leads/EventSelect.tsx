/** Choosing one of the events that the shop knows, by what they are called. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, call } from '../../api';
import { useEventWords } from '../../parts/events';

const USUAL = ['Product Viewed', 'Product List Viewed', 'Products Searched', 'Product Added', 'Checkout Started', 'Form Submitted', 'Email Opened', 'Email Link Clicked', 'Unsubscribed', 'Cart Abandoned'];

export function EventSelect({ label, value, onChange, error, isReadOnly }: { label: string; value: string; onChange: (event: string) => void; error?: string; isReadOnly?: boolean }) {
  const words = useEventWords();
  const known = useQuery({ queryKey: ['events', 'names'], queryFn: () => call(api.GET('/api/v1/catalog/events', { params: { query: { limit: 200 } } })), staleTime: 300_000 });
  const all = [...new Set([value, ...USUAL, ...(known.data?.items ?? []).map((one) => one.name)])].filter((name) => name !== '' && !name.startsWith('Lead '));
  return <Select label={label} searchable allowDeselect={false} value={value || null} data={all.map((event) => ({ value: event, label: words.name(event) }))} error={error} readOnly={isReadOnly} onChange={(event) => event && onChange(event)} />;
}
