/** Before an import is started: what its columns hold, then what it would do. */
import { Button, Group, Stack } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, refresh } from '../../api';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { CheckStep } from './CheckStep';
import { ColumnsStep } from './ColumnsStep';
import { type Job, jobQuery, kindOf } from './job';
import { documentOf, type Draft, draftOf, forget, hasConsent, keep, kept, type MapDocument } from './mapping';
import { Steps } from './Steps';

const DEBOUNCE_MS = 400;

function preview(id: string, map: MapDocument | null) {
  const body = map ? { map: map as unknown as Record<string, never> } : {};
  return call(api.POST('/api/v1/imports/{id}/preview', { params: { path: { id } }, body }));
}

export function Setup({ job }: { job: Job }) {
  const { t } = useTranslation(['imports', 'common']);
  const navigate = useNavigate();
  const kind = kindOf(job);
  const first = useQuery({ queryKey: ['import-preview', job.id], queryFn: () => preview(job.id, null), staleTime: Infinity, retry: false });
  const [draft, setDraft] = useState<Draft | null>(() => kept(job.id));
  const [step, setStep] = useState(1);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (draft === null && first.data) setDraft(draftOf(first.data.suggested as unknown as Partial<MapDocument>, first.data.columns, kind));
  }, [draft, first.data, kind]);
  useEffect(() => {
    if (draft) keep(job.id, draft);
  }, [draft, job.id]);
  const map = useMemo(() => (draft ? documentOf(draft) : null), [draft]);
  const [wanted] = useDebouncedValue(map, DEBOUNCE_MS);
  const looked = useQuery({
    queryKey: ['import-preview', job.id, wanted], queryFn: () => preview(job.id, wanted), enabled: wanted !== null, placeholderData: keepPreviousData, retry: false,
  });
  const isCurrent = wanted === map && looked.isSuccess && !looked.isPlaceholderData;
  const hasColumns = map !== null && Object.keys(map.columns).length > 0;
  const needsSource = draft !== null && hasConsent(draft) && !draft.consentSource.trim();
  const isReady = isCurrent && hasColumns && !needsSource && (looked.data?.problems.length ?? 1) === 0;

  const start = async () => {
    if (!map) return;
    setBusy(true);
    try {
      const started = await call(api.POST('/api/v1/imports/{id}/start', { params: { path: { id: job.id } }, body: { map: map as unknown as Record<string, never> } }));
      forget(job.id);
      queries.setQueryData(jobQuery(job.id).queryKey, started);
      await refresh('jobs');
    } catch (error) {
      notify.failed(error);
      setBusy(false);
    }
  };
  const drop = async () => {
    if (!(await confirm({ title: t('drop'), text: t('dropText', { name: job.name }), deed: t('drop'), isDangerous: true }))) return;
    try {
      await call(api.POST('/api/v1/imports/{id}/cancel', { params: { path: { id: job.id } } }));
      forget(job.id);
      await refresh('jobs');
      await navigate({ to: '/imports' });
    } catch (error) {
      notify.failed(error);
    }
  };
  if (first.isError) {
    return (
      <Stack>
        <Steps at={1} />
        <ErrorNote error={first.error} retry={() => void first.refetch()} />
        <Group><Button variant="default" onClick={() => void drop()}>{t('drop')}</Button></Group>
      </Stack>
    );
  }
  if (!draft || !first.data || !map) return <PageSkeleton />;
  return (
    <Stack gap="lg">
      <Steps at={step} go={setStep} />
      {step === 1 && <ColumnsStep kind={kind} draft={draft} change={setDraft} seen={looked.data ?? first.data} isLooking={looked.isFetching} error={looked.error} suggest={() => setDraft(draftOf(first.data.suggested as unknown as Partial<MapDocument>, first.data.columns, kind))} />}
      {step === 2 && <CheckStep job={job} kind={kind} map={map} />}
      <Group justify="space-between">
        <Button variant="subtle" color="gray" onClick={() => void drop()}>{t('drop')}</Button>
        <Group gap="xs">
          {step === 2 && <Button variant="default" onClick={() => setStep(1)}>{t('back', { ns: 'common' })}</Button>}
          {step === 1 && <Button onClick={() => setStep(2)} disabled={!isReady} loading={!isCurrent && hasColumns && !looked.isError}>{t('toCheck')}</Button>}
          {step === 2 && <Button onClick={() => void start()} loading={isBusy}>{t('go')}</Button>}
        </Group>
      </Group>
    </Stack>
  );
}
