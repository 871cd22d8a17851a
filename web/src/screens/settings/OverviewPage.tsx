import { Card, Group, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../app/session';
import { Page } from '../../parts/Page';
import { groups } from './sections';

export default function OverviewPage() {
  const { t } = useTranslation('settings');
  const held = useSession()?.permissions ?? [];
  return (
    <Page title={t('title')} text={t('text')}>
      {groups.map((group) => {
        const sections = group.sections.filter((one) => held.includes(one.permission));
        if (sections.length === 0) return null;
        return (
          <Stack key={group.id} gap="sm">
            <Title order={2} size="h3">{t(`group.${group.id}`)}</Title>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {sections.map(({ id, to, Icon }) => (
                <Card key={id} component={Link} to={to} padding="md" td="none" c="inherit">
                  <Group wrap="nowrap" align="flex-start" gap="md">
                    <ThemeIcon size={40} variant="light" color="clay" radius="md"><Icon size={21} stroke={1.7} aria-hidden /></ThemeIcon>
                    <div>
                      <Text fw={600}>{t(`section.${id}`)}</Text>
                      <Text size="sm" c="dimmed">{t(`about.${id}`)}</Text>
                    </div>
                  </Group>
                </Card>
              ))}
            </SimpleGrid>
          </Stack>
        );
      })}
    </Page>
  );
}
