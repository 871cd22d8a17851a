import { Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { IconHome } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** In place of a list that holds nothing: what would be here, why it is useful, and the next step. */
export function EmptyState({ Icon, title, text, action }: { Icon: typeof IconHome; title: string; text: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="sm" py={56} px="md" maw={520} mx="auto" ta="center">
      <ThemeIcon size={56} radius="xl" variant="light" color="clay"><Icon size={28} stroke={1.6} aria-hidden /></ThemeIcon>
      <Title order={2} size="h3">{title}</Title>
      <Text c="dimmed" size="sm">{text}</Text>
      {action}
    </Stack>
  );
}
