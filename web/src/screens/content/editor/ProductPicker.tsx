/** Choosing a product of the shop for a letter. */
import { Button, Group, Loader, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconShoppingBag } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useFormats } from '../../../parts/format';
import { usePages } from '../../../parts/usePages';
import type { Picked } from '../model';

function key(text: string): string {
  return text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/gi, 'd').toLowerCase();
}

export function ProductPicker({ opened, close, pick }: { opened: boolean; close: () => void; pick: (product: Picked) => void }) {
  const { t } = useTranslation('content');
  return <Modal opened={opened} onClose={close} title={t('pickProducts')} size="lg" closeButtonProps={{ 'aria-label': t('common:close') }}>{opened && <List pick={pick} />}</Modal>;
}

function List({ pick }: { pick: (product: Picked) => void }) {
  const { t } = useTranslation('content');
  const formats = useFormats();
  const [search, setSearch] = useState('');
  const [added, setAdded] = useState<string[]>([]);
  const pages = usePages(['products', 'picker'], (cursor) => call(api.GET('/api/v1/products', { params: { query: { limit: 200, cursor } } })));
  if (pages.error) return <ErrorNote error={pages.error} retry={pages.retry} />;
  if (pages.isPending) return <Loader />;
  if (pages.rows.length === 0) return <EmptyState Icon={IconShoppingBag} title={t('noProducts')} text={t('noProductsText')} />;
  const shown = pages.rows.filter((one) => key(`${one.name ?? ''} ${one.product_id}`).includes(key(search))).slice(0, 60);
  return (
    <Stack>
      <TextInput data-autofocus label={t('common:search')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
      <Stack gap={4} mah={420} style={{ overflowY: 'auto' }}>
        {shown.map((one) => {
          const price = one.price === null || one.price === undefined ? '' : formats.money(one.price, one.currency ?? undefined);
          const name = one.name ?? one.product_id;
          return (
            <Group key={one.product_id} wrap="nowrap" gap="sm" py={4}>
              {one.image_url ? <img src={one.image_url} alt="" width={44} height={44} style={{ objectFit: 'cover', borderRadius: 8 }} /> : <IconShoppingBag size={28} stroke={1.4} aria-hidden />}
              <div style={{ flex: 1, minWidth: 0 }}><Text size="sm" truncate>{name}</Text><Text size="xs" c="dimmed">{price}</Text></div>
              <Button
                size="compact-sm" variant={added.includes(one.product_id) ? 'default' : 'light'} aria-label={t('addOne', { name })}
                onClick={() => {
                  pick({ product_id: one.product_id, name, url: one.url ?? '', image: one.image_url ?? '', price });
                  setAdded([...added, one.product_id]);
                }}
              >
                {added.includes(one.product_id) ? t('added') : t('add')}
              </Button>
            </Group>
          );
        })}
      </Stack>
      {pages.more && <Button variant="default" onClick={pages.more.load} loading={pages.more.isLoading}>{t('common:more')}</Button>}
    </Stack>
  );
}
