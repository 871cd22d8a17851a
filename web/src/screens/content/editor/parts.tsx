/** Parts of forms that more than one page of content has. */
import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconPhoto, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MediaPicker } from '../MediaPicker';
import { LiquidInput } from './fields';

export const FONTS = ['system', 'arial', 'georgia', 'verdana', 'tahoma', 'times', 'trebuchet'] as const;

export function PictureField({ value, alt, set, label }: { value: string; alt?: string; set: (src: string, alt?: string) => void; label?: string }) {
  const { t } = useTranslation('content');
  const [isOpen, setOpen] = useState(false);
  return (
    <div>
      {value && !value.includes('{{') && <img src={value} alt={alt || t('picture')} style={{ width: '100%', maxHeight: 130, objectFit: 'contain', borderRadius: 8, display: 'block', marginBottom: 8, background: 'var(--ql-paper)' }} />}
      <LiquidInput label={label ?? t('prop.src')} value={value} onChange={(src) => set(src)} placeholder="https://" />
      <Button mt={6} size="compact-sm" variant="light" leftSection={<IconPhoto size={16} aria-hidden />} onClick={() => setOpen(true)}>{t('chooseFromLibrary')}</Button>
      <MediaPicker opened={isOpen} close={() => setOpen(false)} pick={(media) => set(media.url, media.alt)} />
    </div>
  );
}

export function SocialFields({ links, set, note }: { links: { name: string; url: string }[]; set: (links: { name: string; url: string }[]) => void; note?: string }) {
  const { t } = useTranslation('content');
  const change = (at: number, more: Partial<{ name: string; url: string }>) => set(links.map((link, number) => (number === at ? { ...link, ...more } : link)));
  return (
    <Stack gap="xs">
      {note && <Text size="sm" c="dimmed">{note}</Text>}
      {links.map((link, at) => (
        <Group key={at} gap={6} wrap="nowrap" align="flex-end">
          <TextInput label={t('prop.linkName')} value={link.name} onChange={(event) => change(at, { name: event.currentTarget.value })} w={110} />
          <TextInput label={t('prop.url')} value={link.url} onChange={(event) => change(at, { url: event.currentTarget.value })} placeholder="https://" style={{ flex: 1 }} />
          <ActionIcon aria-label={t('removeOne', { name: link.name || String(at + 1) })} size="lg" onClick={() => set(links.filter((_, number) => number !== at))}><IconTrash size={16} aria-hidden /></ActionIcon>
        </Group>
      ))}
      <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set([...links, { name: '', url: 'https://' }])} style={{ alignSelf: 'flex-start' }}>{t('addLink')}</Button>
    </Stack>
  );
}
