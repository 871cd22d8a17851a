/** Before a draft is put in force: what changes, and what becomes of the people inside. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { IconInfoCircle, IconRocket } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { DiffList } from './DiffList';
import { useEditorStore } from './editor/store';
import type { Definition } from './model';

interface Props {
  id: string;
  opened: boolean;
  close: () => void;
  /** The version in force, if there is one. */
  published: Definition | null;
  save: () => Promise<void>;
  done: (definition: Definition) => Promise<void>;
}

export function PublishDialog({ id, opened, close, published, save, done }: Props) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const versions = useQuery({
    queryKey: ['journeys', id, 'versions'], enabled: opened, queryFn: () => call(api.GET('/api/v1/journeys/{id}/versions', { params: { path: { id } } })),
  });
  const inside = (versions.data?.items ?? []).reduce((sum, one) => sum + one.active_runs, 0);
  const problems = opened ? editor.get().problems.length : 0;
  const definition = editor.doc.definition;
  const startsExisting = definition.trigger.type === 'segment' && definition.trigger.existing === true;
  const publish = useMutation({
    mutationFn: async () => {
      await save();
      await call(api.PUT('/api/v1/journeys/{id}', { params: { path: { id } }, body: definition as never }));
      await call(api.POST('/api/v1/journeys/{id}/publish', { params: { path: { id } } }));
      await done(definition);
    },
    onSuccess: async () => {
      await refresh('journeys');
      notify.done(t('publish.done'));
      close();
    },
  });
  return (
    <Modal opened={opened} onClose={close} title={t('publish.title')} size="lg">
      <Stack>
        {published ? <DiffList before={published} after={definition} /> : <Text size="sm">{t('publish.first')}</Text>}
        {inside > 0 && <Alert icon={<IconInfoCircle aria-hidden />} color="gray" title={t('publish.inside', { count: inside })}>{t('publish.insideText')}</Alert>}
        {startsExisting && <Alert icon={<IconInfoCircle aria-hidden />} color="yellow">{t('publish.existing')}</Alert>}
        {problems > 0 && <Alert color="red" title={t('publish.problems', { count: problems })}>{t('publish.problemsText')}</Alert>}
        {publish.isError && <ErrorNote error={publish.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('publish.cancel')}</Button>
          <Button leftSection={<IconRocket size={17} aria-hidden />} disabled={problems > 0} loading={publish.isPending} onClick={() => publish.mutate()}>{t('publish.deed')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
