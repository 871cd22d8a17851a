/** A file of addresses that are not to be written to, such as the list of another program. */
import { Alert, Button, FileInput, Group, Modal, Progress, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { useWords } from '../../parts/Reason';

const OVER = ['completed', 'failed', 'cancelled'];
const CHANNELS = ['email', 'sms'] as const;
const REASONS = ['manual', 'hard_bounce', 'complaint'] as const;

export function BringSuppressions({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const { t } = useTranslation('messages');
  const words = useWords();
  const formats = useFormats();
  const [file, setFile] = useState<File | null>(null);
  const [channel, setChannel] = useState<string>('email');
  const [reason, setReason] = useState<string>('manual');
  const [detail, setDetail] = useState('');
  const [job, setJob] = useState<string | null>(null);
  const bring = useMutation({
    mutationFn: (told: File) => call(api.POST('/api/v1/suppressions/imports', { params: { query: { channel, reason, detail: detail.trim() } }, body: told as never, bodySerializer: (body) => body as unknown as BodyInit, headers: { 'Content-Type': 'text/csv' } })),
    onSuccess: (made) => setJob(made.id),
  });
  const work = useQuery({
    queryKey: ['jobs', job], enabled: job !== null, refetchInterval: (found) => (found.state.data && OVER.includes(found.state.data.state) ? false : 1_000),
    queryFn: async () => {
      const found = await call(api.GET('/api/v1/jobs/{id}', { params: { path: { id: job ?? '' } } }));
      if (OVER.includes(found.state)) void refresh('people');
      return found;
    },
  });
  const isOver = !!work.data && OVER.includes(work.data.state);
  const isUnderWay = bring.isPending || (job !== null && !isOver && !work.error);
  const progress = (work.data?.progress ?? {}) as { numbers?: number; rows_rejected?: number; rejected_lines?: number[] };
  const leave = () => {
    setFile(null);
    setJob(null);
    bring.reset();
    close();
  };
  return (
    <Modal opened={isOpen} onClose={leave} title={t('bring.title')} closeButtonProps={{ 'aria-label': t('close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (file) bring.mutate(file);
        }}
      >
        <Stack>
          <Text size="sm" c="dimmed">{t('bring.text')}</Text>
          <FileInput label={t('bring.file')} placeholder={t('bring.choose')} description={t('bring.fileText')} accept=".csv,.txt,text/csv,text/plain" leftSection={<IconFileUpload size={16} aria-hidden />} value={file} onChange={(told) => { setFile(told); setJob(null); bring.reset(); }} disabled={isUnderWay} clearable clearButtonProps={{ 'aria-label': t('bring.drop') }} />
          <Select label={t('filter.channel')} allowDeselect={false} value={channel} onChange={(value) => value && setChannel(value)} data={CHANNELS.map((one) => ({ value: one, label: words.channel(one) }))} disabled={isUnderWay} />
          <Select label={t('stop.why')} description={t('bring.reasonText')} allowDeselect={false} value={reason} onChange={(value) => value && setReason(value)} data={REASONS.map((one) => ({ value: one, label: t(`stop.reason.${one}`) }))} disabled={isUnderWay} />
          <TextInput label={t('stop.note')} placeholder={t('bring.noteExample')} value={detail} onChange={(event) => setDetail(event.currentTarget.value)} maxLength={200} disabled={isUnderWay} />
          {isUnderWay && <Progress value={100} animated aria-label={t('bring.underWay')} />}
          {(bring.error ?? work.error) && <ErrorNote error={bring.error ?? work.error} />}
          {isOver && (
            <Alert variant="light" color={work.data.state === 'completed' ? 'teal' : 'red'} role="status">
              {work.data.state === 'completed' ? t('bring.done', { count: progress.numbers ?? 0, number: formats.number(progress.numbers ?? 0) }) : t('bring.failed')}
              {(progress.rows_rejected ?? 0) > 0 && <> {t('bring.rejected', { count: progress.rows_rejected ?? 0, number: formats.number(progress.rows_rejected ?? 0), lines: (progress.rejected_lines ?? []).slice(0, 10).join(', ') })}</>}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={leave}>{isOver ? t('close') : t('cancel')}</Button>
            {!isOver && <Button type="submit" loading={isUnderWay} disabled={!file}>{t('bring.deed')}</Button>}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
