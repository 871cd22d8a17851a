import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

export interface PageProps {
  title: string;
  /** Beside the title: a status. */
  badge?: ReactNode;
  text?: ReactNode;
  /** On the right: the page's own deeds, the main one last. */
  actions?: ReactNode;
  /** The pages above this one. */
  above?: { title: string; to: string }[];
  children: ReactNode;
}

/** Every page: its name in the window and at its head, the way up, its deeds. */
export function Page({ title, badge, text, actions, above, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Quaylai`;
  }, [title]);
  return (
    <Stack gap="lg">
      <div>
        {above && above.length > 0 && (
          <Breadcrumbs mb={6} separator="›" className="ql-above">
            {above.map((one) => <Anchor key={one.to} component={Link} to={one.to} size="sm" py={5} display="inline-block">{one.title}</Anchor>)}
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="flex-start" gap="md">
          <div style={{ minWidth: 0, flex: '1 1 280px' }}>
            <Group gap="sm">
              <Title order={1}>{title}</Title>
              {badge}
            </Group>
            {text && <Text c="dimmed" mt={4} maw={760} component="div">{text}</Text>}
          </div>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      </div>
      {children}
    </Stack>
  );
}
