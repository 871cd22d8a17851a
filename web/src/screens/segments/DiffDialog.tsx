/** Who comes in and who goes by another definition, before it is saved. */
import { Alert, Button, Card, Group, Modal, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { IconArrowRight, IconUserMinus, IconUserPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { People } from './Estimate';
import type { Segment } from './use';

export function DiffDialog({ segment, definition, deed, isSaving, onSave, onClose }: {
  segment: Segment; definition: Record<string, unknown>; deed: string; isSaving: boolean; onSave: () => void; onClose: () => void;
}) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const diff = useQuery({
    queryKey: ['segments', segment.id, 'diff', JSON.stringify(definition)],
    queryFn: () => call(api.POST('/api/v1/segments/{id}/diff', { params: { path: { id: segment.id } }, body: { definition: definition as never } })),
    staleTime: 10_000,
  });
  const holders = (segment.used_by ?? []).filter((one) => one.holds);
  return (
    <Modal opened onClose={onClose} title={t('diff.title')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
      <Stack>
        {diff.isPending ? (
          <Stack aria-busy="true"><Skeleton h={40} /><Skeleton h={160} /></Stack>
        ) : diff.error ? (
          <ErrorNote error={diff.error} retry={() => void diff.refetch()} />
        ) : (
          <>
            <Group gap="sm" justify="center" data-diff={`${diff.data.before},${diff.data.after}`}>
              <Text fz={26} className="ql-big" component="span">{formats.number(diff.data.before)}</Text>
              <IconArrowRight size={20} aria-label={t('diff.becomes')} />
              <Text fz={26} className="ql-big" component="span">{formats.number(diff.data.after)}</Text>
              <Text size="sm" c="dimmed">{t('diff.members')}</Text>
            </Group>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {(['added', 'removed'] as const).map((part) => (
                <Card key={part} padding="md" data-part={part} data-people={diff.data[part].count}>
                  <Group gap={6} mb={8}>
                    {part === 'added' ? <IconUserPlus size={17} color="var(--ql-good)" aria-hidden /> : <IconUserMinus size={17} color="var(--ql-bad)" aria-hidden />}
                    <Text fw={600} size="sm" c={part === 'added' ? 'var(--ql-good)' : 'var(--ql-bad)'}>{t(`diff.${part}`, { count: diff.data[part].count, n: formats.number(diff.data[part].count) })}</Text>
                  </Group>
                  {diff.data[part].count === 0 ? <Text size="sm" c="dimmed">{t('diff.nobody')}</Text> : <People people={diff.data[part].sample} />}
                  {diff.data[part].count > diff.data[part].sample.length && (
                    <Text size="xs" c="dimmed" mt={8}>{t('diff.and_more', { n: formats.number(diff.data[part].count - diff.data[part].sample.length) })}</Text>
                  )}
                </Card>
              ))}
            </SimpleGrid>
          </>
        )}
        {holders.length > 0 && (
          <Alert color="gray" p="sm" title={t('diff.used')}>
            <Text size="sm">{holders.map((one) => `${t(`use_kind.${one.kind}`)}: ${one.name}`).join(' · ')}</Text>
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>{t('diff.back')}</Button>
          <Button onClick={onSave} loading={isSaving}>{deed}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
