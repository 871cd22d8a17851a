/** The register of numbers that nobody may advertise to: brought in as a file, asked about by number. */
import { Alert, Button, FileButton, Group, Progress, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconFileUpload, IconSearch } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useFormats, When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { RegisterSource } from './RegisterSource';

const OVER = ['completed', 'failed', 'cancelled'];

export function DoNotCall() {
  const { t } = useTranslation('rules');
  const formats = useFormats();
  const mayRead = useMay('people.read');
  const mayImport = useMay('people.import');
  const mayManage = useMay('workspace.manage');
  const [whole, setWhole] = useState(true);
  const [job, setJob] = useState<string | null>(null);
  const [number, setNumber] = useState('');
  const query = useQuery({ queryKey: ['settings', 'do-not-call'], enabled: mayRead, queryFn: () => call(api.GET('/api/v1/do-not-call')) });
  const work = useQuery({
    queryKey: ['jobs', job], enabled: job !== null, refetchInterval: (found) => (found.state.data && OVER.includes(found.state.data.state) ? false : 1_500),
    queryFn: async () => {
      const found = await call(api.GET('/api/v1/jobs/{id}', { params: { path: { id: job ?? '' } } }));
      if (OVER.includes(found.state)) void refresh('settings');
      return found;
    },
  });
  const bring = useMutation({
    mutationFn: (file: File) => call(api.POST('/api/v1/do-not-call/imports', { params: { query: { replaces: whole } }, body: file as never, bodySerializer: (body) => body as unknown as BodyInit, headers: { 'Content-Type': 'text/csv' } })),
    onSuccess: (made) => setJob(made.id),
    onError: notify.failed,
  });
  const ask = useMutation({ mutationFn: (told: string) => call(api.POST('/api/v1/do-not-call/check', { body: { number: told } })) });
  if (!mayRead) return null;
  const isUnderWay = bring.isPending || (job !== null && !(work.data && OVER.includes(work.data.state)));
  return (
    <Panel title={t('dnc.title')} text={t('dnc.text')}>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : (
        <Stack>
          <Text size="sm">
            {query.data && query.data.numbers > 0 ? <>{t('dnc.numbers', { count: query.data.numbers, number: formats.number(query.data.numbers) })} {query.data.listed_at && <Text span size="sm" c="dimmed">{t('dnc.since')} <When at={query.data.listed_at} /></Text>}</> : t('dnc.none')}
          </Text>
          {mayImport && (
            <>
              <Switch label={t('dnc.whole')} description={t('dnc.wholeText')} checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} />
              <Group>
                <FileButton accept=".csv,text/csv,text/plain" onChange={(file) => file && bring.mutate(file)}>
                  {(props) => <Button variant="default" leftSection={<IconFileUpload size={17} aria-hidden />} loading={isUnderWay} {...props}>{t('dnc.bring')}</Button>}
                </FileButton>
                <Text size="xs" c="dimmed">{t('dnc.fileText')}</Text>
              </Group>
            </>
          )}
          {isUnderWay && <Progress value={100} animated aria-label={t('dnc.underWay')} />}
          {work.data && OVER.includes(work.data.state) && (
            <Alert variant="light" color={work.data.state === 'completed' ? 'teal' : 'red'} role="status">{work.data.state === 'completed' ? t('dnc.done') : t('dnc.failed')}</Alert>
          )}
          {mayManage && query.data && <RegisterSource source={query.data.source ?? null} />}
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (number.trim()) ask.mutate(number.trim());
            }}
          >
            <Group align="flex-end" gap="xs">
              <TextInput label={t('dnc.ask')} placeholder="0901234567" inputMode="tel" value={number} onChange={(event) => setNumber(event.currentTarget.value)} error={ask.error && asProblem(ask.error).errors.number ? t('dnc.noNumber') : undefined} style={{ flex: '1 1 200px' }} maw={320} />
              <Button type="submit" variant="default" leftSection={<IconSearch size={16} aria-hidden />} loading={ask.isPending} disabled={!number.trim()}>{t('dnc.check')}</Button>
            </Group>
          </form>
          {ask.data && <Text size="sm" role="status" fw={500} c={ask.data.listed ? 'var(--ql-bad)' : 'var(--ql-good)'}>{ask.data.listed ? t('dnc.listed', { number: ask.data.number }) : t('dnc.free', { number: ask.data.number })}</Text>}
        </Stack>
      )}
    </Panel>
  );
}
