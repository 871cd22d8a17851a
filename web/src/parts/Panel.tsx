import { Card, type CardProps, Group, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A calm surface with a heading, for one subject. */
export function Panel({ title, text, actions, children, ...more }: { title?: ReactNode; text?: ReactNode; actions?: ReactNode; children: ReactNode } & Omit<CardProps, 'title'>) {
  return (
    <Card component="section" {...more}>
      {(title || actions) && (
        <Group justify="space-between" align="flex-start" mb="md" gap="sm">
          <div style={{ minWidth: 0 }}>
            {title && <Title order={2} size="h3">{title}</Title>}
            {text && <Text size="sm" c="dimmed" mt={2}>{text}</Text>}
          </div>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      )}
      {children}
    </Card>
  );
}
