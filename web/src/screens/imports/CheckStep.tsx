import { Code, Loader, ScrollArea, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { Note } from '../../parts/Note';
import type { Job, Kind } from './job';
import type { MapDocument } from './mapping';
import { RejectedTable } from './RejectedTable';

/** What the import would do, found out from the whole file without writing anything. */
export function CheckStep({ job, kind, map }: { job: Job; kind: Kind; map: MapDocument }) {
  const { t } = useTranslation('imports');
  const trial = useQuery({
    queryKey: ['import-trial', job.id, map],
    queryFn: () => call(api.POST('/api/v1/imports/{id}/dry-run', { params: { path: { id: job.id } }, body: { map: map as unknown as Record<string, never> } })),
    staleTime: Infinity,
    retry: false,
  });
  if (trial.isError) {
    return asProblem(trial.error).code === 'file_too_large_to_wait_for'
      ? <Note icon={<IconInfoCircle aria-hidden />} tone="calm">{t('check.large')}</Note>
      : <ErrorNote error={trial.error} retry={() => void trial.refetch()} />;
  }
  if (trial.isPending) {
    return (
      <Panel>
        <Stack align="center" py="xl" gap="sm" role="status"><Loader /><Text fw={600}>{t('check.running')}</Text><Text size="sm" c="dimmed">{t('check.runningText')}</Text></Stack>
      </Panel>
    );
  }
  const done = trial.data;
  const leftOut = Object.values(done.rows_left_out).reduce((sum, count) => sum + count, 0);
  return (
    <Stack gap="lg">
      {done.rows_rejected === 0 && <Note icon={<IconCircleCheck aria-hidden />} tone="good" role="status">{t('check.good')}</Note>}
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Stat label={t('check.new')} value={<Num value={done.new} />} help={t(`check.newHelp.${kind}`)} />
        <Stat label={t('check.updated')} value={<Num value={done.updated} />} help={t('check.updatedHelp')} />
        <Stat label={t('check.rows')} value={<Num value={done.rows_taken} />} />
        <Stat label={t('check.rejected')} value={<Num value={done.rows_rejected} />} />
      </SimpleGrid>
      {leftOut > 0 && <Text size="sm" c="dimmed">{t('check.leftOut', { count: leftOut })}</Text>}
      <RejectedTable id={job.id} count={done.rows_rejected} rows={done.rejected} />
      {done.sample.length > 0 && (
        <Panel title={t('check.sample')} text={t('check.sampleText')}>
          <SimpleGrid cols={{ base: 1, md: Math.min(done.sample.length, 3) }}>
            {done.sample.map((document, at) => (
              <ScrollArea.Autosize key={at} mah={260} type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('check.sampleOf', { number: at + 1 }) }}>
                <Code block>{JSON.stringify(document, null, 2)}</Code>
              </ScrollArea.Autosize>
            ))}
          </SimpleGrid>
        </Panel>
      )}
    </Stack>
  );
}
