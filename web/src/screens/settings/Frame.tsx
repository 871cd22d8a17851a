import { Box, Flex, NativeSelect, NavLink, Stack, Text } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../app/session';
import { Page, type PageProps } from '../../parts/Page';
import { groups } from './sections';

/** A page of the settings with the list of all of them at its side; on a phone the list is a choice above it. */
export function Frame({ at, title, children, above, ...page }: { at: string; title?: string; children: ReactNode } & Omit<PageProps, 'title'>) {
  const { t } = useTranslation('settings');
  const go = useNavigate();
  const held = useSession()?.permissions ?? [];
  const seen = groups
    .map((group) => ({ ...group, sections: group.sections.filter((one) => held.includes(one.permission)) }))
    .filter((group) => group.sections.length > 0);
  const here = seen.flatMap((group) => group.sections).find((one) => one.id === at);
  return (
    <Flex gap="xl" align="flex-start" direction={{ base: 'column', md: 'row' }}>
      <Box component="nav" aria-label={t('nav')} w={210} visibleFrom="md" style={{ position: 'sticky', top: 16, flex: 'none' }}>
        <Stack gap="md">
          {seen.map((group) => (
            <div key={group.id}>
              <Text size="xs" fw={600} c="dimmed" px="sm" mb={4}>{t(`group.${group.id}`)}</Text>
              {group.sections.map(({ id, to, Icon }) => (
                <NavLink
                  key={id} component={Link} to={to} active={id === at} aria-current={id === at ? 'page' : undefined}
                  label={t(`section.${id}`)} leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
                />
              ))}
            </div>
          ))}
        </Stack>
      </Box>
      <Box hiddenFrom="md" w="100%">
        <NativeSelect
          label={t('nav')} value={here?.to ?? ''} onChange={(event) => void go({ to: event.currentTarget.value })}
          data={seen.map((group) => ({ group: t(`group.${group.id}`), items: group.sections.map((one) => ({ value: one.to, label: t(`section.${one.id}`) })) }))}
        />
      </Box>
      <Box style={{ flex: '1 1 auto', minWidth: 0, width: '100%' }} maw={980}>
        <Page title={title ?? t(`section.${at}`)} above={[{ title: t('title'), to: '/settings' }, ...(above ?? [])]} {...page}>{children}</Page>
      </Box>
    </Flex>
  );
}
