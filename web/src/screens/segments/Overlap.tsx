/** How much two segments have in common. */
import { Button, Group, SimpleGrid, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconCirclesRelation, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, Percent, useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { SegmentPicker } from '../../parts/pickers';
import { useNamed } from './editor/words';
import css from './segments.module.css';
import type { Segment } from './use';

interface Numbers {
  a: number;
  b: number;
  only_a: number;
  both: number;
  only_b: number;
}

/** Two circles whose areas are as the segments, as far apart as what they share says, roughly. */
function Venn({ numbers, names }: { numbers: Numbers; names: [string, string] }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const most = Math.max(numbers.a, numbers.b, 1);
  const radius = (count: number): number => Math.max(26, 78 * Math.sqrt(count / most));
  const [a, b] = [radius(numbers.a), radius(numbers.b)];
  const shared = Math.min(numbers.a, numbers.b) === 0 ? 0 : numbers.both / Math.min(numbers.a, numbers.b);
  const apart = shared === 0 ? a + b + 8 : a + b - shared * 2 * Math.min(a, b);
  const left = 190 - (a + apart + b) / 2 + a;
  const right = left + apart;
  const label = t('overlap.label', { a: names[0], b: names[1], only_a: formats.number(numbers.only_a), both: formats.number(numbers.both), only_b: formats.number(numbers.only_b) });
  const middle = (Math.max(left - a, right - b) + Math.min(left + a, right + b)) / 2;
  return (
    <svg viewBox="0 0 380 180" className={css.venn} role="img" aria-label={label}>
      <circle cx={left} cy={90} r={a} className={css.vennA} />
      <circle cx={right} cy={90} r={b} className={css.vennB} />
      {shared > 0 && <text x={middle} y={95} className={css.vennText}>{formats.number(numbers.both)}</text>}
    </svg>
  );
}

export default function Overlap({ segment }: { segment: Segment }) {
  const { t } = useTranslation('segments');
  const [other, setOther] = useState<string | null>(null);
  const names = useNamed('segment');
  const query = useQuery({
    queryKey: ['segments', segment.id, 'overlap', other],
    queryFn: () => call(api.GET('/api/v1/segments/overlap', { params: { query: { a: segment.id, b: other ?? '' } } })),
    enabled: other !== null && other !== segment.id,
  });
  const otherName = names.find((one) => one.id === other)?.name ?? '';
  const both = { all: [{ segment: segment.id }, { segment: other }] };
  const rows = query.data ? [
    ['both', query.data.both, query.data.a],
    ['only_a', query.data.only_a, query.data.a],
    ['only_b', query.data.only_b, query.data.b],
  ] as const : [];
  return (
    <Panel title={t('overlap.title')} text={t('overlap.text')}>
      <Stack>
        <Group><SegmentPicker label={t('overlap.with')} value={other} onChange={setOther} clearable w={{ base: '100%', sm: 360 }} /></Group>
        {other === null ? (
          <EmptyState Icon={IconCirclesRelation} title={t('overlap.choose')} text={t('overlap.choose_text')} />
        ) : other === segment.id ? (
          <Text size="sm" c="dimmed">{t('overlap.same')}</Text>
        ) : query.isPending ? (
          <Skeleton h={180} aria-busy="true" />
        ) : query.error ? (
          <ErrorNote error={query.error} retry={() => void query.refetch()} />
        ) : (
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
            <Venn numbers={query.data} names={[segment.name, otherName]} />
            <div>
              <Table>
                <Table.Tbody>
                  {rows.map(([key, count, of]) => (
                    <Table.Tr key={key} data-overlap={key}>
                      <Table.Td>{t(`overlap.${key}`, { a: segment.name, b: otherName })}</Table.Td>
                      <Table.Td ta="right" fw={600}><Num value={count} /></Table.Td>
                      <Table.Td ta="right" c="dimmed" w={70}>{of > 0 ? <Percent value={count / of} digits={0} /> : '–'}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              <Button component={Link} to="/segments/new" search={{ from: JSON.stringify(both) } as never} size="compact-sm" variant="light" mt="md" leftSection={<IconPlus size={14} aria-hidden />}>{t('overlap.make')}</Button>
            </div>
          </SimpleGrid>
        )}
      </Stack>
    </Panel>
  );
}
