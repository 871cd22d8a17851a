/** The library of ready scenarios, by what they are for. */
import { Badge, Card, Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconCircleCheckFilled, IconCircleDashed } from '@tabler/icons-react';
import { useInViewport } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Page } from '../../../parts/Page';
import { StatusBadge } from '../../../parts/StatusBadge';
import { Mini } from '../canvas/Mini';
import type { Definition } from '../model';
import { STATUS_TONES } from '../status';
import classes from './library.module.css';
import { useNeeds } from './needs';

const CATEGORIES = ['welcome', 'browsing', 'orders', 'after_purchase', 'win_back', 'occasions', 'leads'] as const;

/** Its picture is asked for when it comes into sight: with it come all texts, rendered. */
function ScenarioCard({ one, language, needsOf }: { one: Schema<'ScenarioView'>; language: 'vi' | 'en'; needsOf: ReturnType<typeof useNeeds> }) {
  const { t } = useTranslation('journeys');
  const { ref, inViewport } = useInViewport<HTMLAnchorElement>();
  const [isSeen, setSeen] = useState(false);
  if (inViewport && !isSeen) setSeen(true);
  const whole = useQuery({
    queryKey: ['journeys', 'scenario', one.slug, language], staleTime: 5 * 60_000, enabled: isSeen,
    queryFn: () => call(api.GET('/api/v1/scenarios/{slug}', { params: { path: { slug: one.slug }, query: { language } } })),
  });
  const picture = whole.data?.journeys[0]?.definition as unknown as Definition | undefined;
  const needs = needsOf(one.needs);
  const missing = needs.filter((need) => need.isThere === false).length;
  return (
    <Card ref={ref as never} component={Link} {...({ to: `/library/${one.slug}` } as object)} className={`${classes.card} ql-press`} padding={0} data-scenario={one.slug}>
      <div className={classes.picture}>{picture ? <Mini isCropped definition={picture} height={180} label={t('library.picture', { name: one.name[language] })} /> : <Skeleton h={180} />}</div>
      <Stack gap={6} p="md" style={{ flex: 1 }}>
        <Text size="xs" fw={600} c="var(--ql-accent-text)">{t(`category.${one.category}`)}</Text>
        <Group gap="xs" justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={2} size="h4">{one.name[language]}</Title>
          {one.installed && <StatusBadge tone={STATUS_TONES[one.installed] ?? 'calm'}>{t(`status.${one.installed}`)}</StatusBadge>}
        </Group>
        <Text size="sm" c="dimmed" lineClamp={3}>{one.summary[language]}</Text>
        <Group gap={6} mt="auto" pt="xs">
          {missing > 0 ? (
            <Group gap={4} c="var(--ql-wait)"><IconCircleDashed size={16} aria-hidden /><Text size="xs" fw={600}>{t('library.missing', { count: missing })}</Text></Group>
          ) : (
            <Group gap={4} c="var(--ql-good)"><IconCircleCheckFilled size={16} aria-hidden /><Text size="xs" fw={600}>{t('library.ready')}</Text></Group>
          )}
          {picture && <Badge color="gray" ml="auto">{t('library.steps', { count: Object.keys(picture.nodes).length })}</Badge>}
        </Group>
      </Stack>
    </Card>
  );
}

export default function LibraryPage() {
  const { t, i18n } = useTranslation('journeys');
  const language = i18n.language === 'en' ? 'en' : 'vi';
  const [category, setCategory] = useState<string>('all');
  const needsOf = useNeeds();
  const list = useQuery({ queryKey: ['journeys', 'scenarios'], queryFn: () => call(api.GET('/api/v1/scenarios', { params: { query: {} } })) });
  const all = list.data?.items ?? [];
  const place = (one: string): number => (CATEGORIES as readonly string[]).indexOf(one);
  const shown = all.filter((one) => category === 'all' || one.category === category).sort((a, b) => place(a.category) - place(b.category));
  return (
    <Page title={t('library.title')} text={t('library.about')}>
      <div style={{ maxWidth: '100%', overflowX: 'auto' }}>
        <SegmentedControl aria-label={t('library.category')} value={category} onChange={setCategory} data={['all', ...CATEGORIES].map((one) => ({ value: one, label: t(`category.${one}`) }))} />
      </div>
      {list.isError && <ErrorNote error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>{Array.from({ length: 6 }, (_, i) => <Skeleton key={i} h={330} radius="lg" />)}</SimpleGrid>}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>{shown.map((one) => <ScenarioCard key={one.slug} one={one} language={language} needsOf={needsOf} />)}</SimpleGrid>
    </Page>
  );
}
