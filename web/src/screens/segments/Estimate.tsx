/** How many a condition means, while it is written: an estimate at once, then everybody. */
import { Alert, Anchor, Avatar, Card, Divider, Group, Loader, Skeleton, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { told } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { initials } from '../../parts/person';
import { Reach } from './Reach';
import { countExactly } from './use';

const TYPED_MS = 300;
const STILL_MS = 900;

export function useEstimate(definition: Record<string, unknown> | null) {
  const text = definition === null ? null : JSON.stringify(definition);
  const [typed] = useDebouncedValue(text, TYPED_MS);
  const [still] = useDebouncedValue(text, STILL_MS);
  const [progress, setProgress] = useState(0);
  const parsed = (from: string | null): Record<string, unknown> => JSON.parse(from ?? '{}') as Record<string, unknown>;
  const guess = useQuery({
    queryKey: ['segments', 'estimate', typed],
    queryFn: ({ signal }) => call(api.POST('/api/v1/segments/preview', { body: { definition: parsed(typed) as never, exact: false, people: false }, signal })),
    enabled: typed !== null,
    staleTime: 15_000, retry: false,
  });
  const exact = useQuery({
    queryKey: ['segments', 'exact', still],
    queryFn: ({ signal }) => {
      setProgress(0);
      return countExactly(parsed(still), signal, setProgress);
    },
    enabled: still !== null && still === text,
    staleTime: 15_000, retry: false,
  });
  const isCurrent = still === text && exact.data !== undefined;
  return { guess: typed === text ? guess.data : undefined, last: guess.data, exact: isCurrent ? exact.data : undefined, isCounting: exact.isFetching, progress, error: guess.error ?? exact.error, isCurrent: typed === text };
}

export function Estimate({ definition, isWhole }: { definition: Record<string, unknown> | null; isWhole: boolean }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const { guess, exact, isCounting, progress, error, isCurrent } = useEstimate(isWhole ? definition : null);
  const problem = error && isWhole && isCurrent ? asProblem(error) : null;
  const shown = exact?.count ?? guess?.estimate ?? null;
  const isExact = exact?.count !== undefined && exact.count !== null ? true : guess?.exact === true;
  const profiles = exact?.profiles ?? guess?.profiles ?? 0;
  return (
    <Card padding="lg" component="section" aria-label={t('estimate.title')}>
      <Text size="sm" c="dimmed" fw={500}>{t('estimate.title')}</Text>
      <div aria-live="polite" data-estimate={shown === null ? '' : isExact ? 'exact' : 'about'}>
        {!isWhole ? (
          <Text mt={6} size="sm">{t(definition === null ? 'estimate.empty' : 'estimate.gaps')}</Text>
        ) : problem ? (
          <Alert color="red" mt="xs" p="xs"><Text size="sm">{told(problem)}</Text></Alert>
        ) : shown === null ? (
          <Skeleton h={38} mt={6} w={140} />
        ) : (
          <>
            <Group gap={8} align="baseline" mt={2}>
              <Text fz={34} className="ql-big" component="span" data-count={shown}>{isExact ? '' : '≈ '}{formats.number(shown)}</Text>
              <Text size="sm" c="dimmed">{t('estimate.of', { share: profiles > 0 ? formats.percent(shown / profiles, 1) : formats.percent(0), count: profiles, n: formats.number(profiles) })}</Text>
            </Group>
            <Group gap={6} mt={2} mih={22}>
              {isExact && exact ? (
                <>
                  <IconCircleCheck size={15} color="var(--ql-good)" aria-hidden />
                  <Text size="xs" c="dimmed">{t('estimate.exact')}</Text>
                </>
              ) : isCounting ? (
                <>
                  <Loader size={12} />
                  <Text size="xs" c="dimmed">{progress > 0 ? t('estimate.counting_at', { share: formats.percent(progress, 0) }) : t('estimate.counting')}</Text>
                </>
              ) : (
                <Text size="xs" c="dimmed">{guess && guess.low !== null && guess.high !== null && !guess.exact ? t('estimate.between', { low: formats.number(guess.low ?? 0), high: formats.number(guess.high ?? 0) }) : t('estimate.counting')}</Text>
              )}
            </Group>
          </>
        )}
      </div>
      {exact?.reach && isWhole && !problem && (
        <>
          <Divider my="md" />
          <Text size="sm" fw={600}>{t('reach.title')}</Text>
          <Text size="xs" c="dimmed" mb="sm">{t('reach.text')}</Text>
          <Reach reach={exact.reach} />
        </>
      )}
      {exact?.people && exact.people.length > 0 && isWhole && !problem && (
        <>
          <Divider my="md" />
          <Text size="sm" fw={600} mb={8}>{t('estimate.sample')}</Text>
          <People people={exact.people} />
        </>
      )}
      {exact?.people?.length === 0 && isWhole && !problem && <Text size="sm" c="dimmed" mt="sm">{t('estimate.nobody')}</Text>}
    </Card>
  );
}

export interface PersonInBrief {
  profile_id: string;
  name?: string | null;
  email?: string | null;
}

export function People({ people }: { people: PersonInBrief[] }) {
  const { t } = useTranslation('common');
  return (
    <Stack gap={8} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
      {people.map((one) => {
        const name = one.name ?? one.email ?? t('nameless');
        return (
          <Group key={one.profile_id} component="li" gap="xs" wrap="nowrap">
            <Avatar size={26} radius="xl" color="clay" aria-hidden>{initials(name)}</Avatar>
            <div style={{ minWidth: 0 }}>
              <Anchor component={Link} to={`/customers/${one.profile_id}`} size="sm" truncate="end" display="block">{name}</Anchor>
              {one.name && one.email && <Text size="xs" c="dimmed" truncate="end">{one.email}</Text>}
            </div>
          </Group>
        );
      })}
    </Stack>
  );
}
