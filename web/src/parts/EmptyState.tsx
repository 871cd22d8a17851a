import { Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { IconHome } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** In place of a list that holds nothing: what would be here, why it is useful, and the next step. `isSmall` in a panel. */
export function EmptyState({ Icon, title, text, action, isSmall }: { Icon: typeof IconHome; title: string; text: ReactNode; action?: ReactNode; isSmall?: boolean }) {
  return (
    <Stack align="center" gap={isSmall ? 'xs' : 'sm'} py={isSmall ? 12 : 56} px="md" maw={520} mx="auto" ta="center">
      <ThemeIcon size={isSmall ? 40 : 56} radius="xl" variant="light" color="clay"><Icon size={isSmall ? 21 : 28} stroke={1.6} aria-hidden /></ThemeIcon>
      <Title order={2} size={isSmall ? 'h4' : 'h3'}>{title}</Title>
      <Text c="dimmed" size="sm">{text}</Text>
      {action}
    </Stack>
  );
}
