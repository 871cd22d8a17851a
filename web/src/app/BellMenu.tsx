/** Long work and what became of it: a bell with what runs; the list comes when it is opened. */
import { ActionIcon, Indicator, Popover } from '@mantine/core';
import { IconBell } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, type Schema } from '../api';
import { useLive } from '../api/live';
import { useMay } from './session';

type Job = Schema<'JobView'>;

const JobList = lazy(() => import('./JobList'));
const OPEN = ['waiting', 'running', 'cancelling', 'undoing'];
const KEY = ['jobs', 'bell'] as const;

const isOpenJob = (job: Job): boolean => OPEN.includes(job.state);

export default function BellMenu() {
  const { t } = useTranslation('shell');
  const mayRead = useMay('setup.read');
  const [isShown, setShown] = useState(false);
  /** Work that was seen under way: only its end is news. */
  const underWay = useRef(new Set<string>());
  const jobs = useQuery({
    queryKey: KEY,
    queryFn: async () => {
      const page = await call(api.GET('/api/v1/jobs', { params: { query: { limit: 12 } } }));
      for (const job of page.items) if (isOpenJob(job)) underWay.current.add(job.id);
      return page.items;
    },
    enabled: mayRead,
  });
  useLive(
    'job',
    useCallback((told) => {
      const job = told as Job | null;
      if (!job?.id) return;
      queries.setQueryData<Job[]>(KEY, (known = []) =>
        known.some((one) => one.id === job.id) ? known.map((one) => (one.id === job.id ? job : one)) : [job, ...known].slice(0, 12),
      );
      if (isOpenJob(job)) underWay.current.add(job.id);
      else if (underWay.current.delete(job.id)) void import('./JobList').then(({ tellEnd }) => tellEnd(job));
    }, []),
  );
  if (!mayRead) return null;
  const running = (jobs.data ?? []).filter(isOpenJob).length;
  const label = running > 0 ? t('bell.running', { count: running }) : t('bell.label');
  return (
    <Popover opened={isShown} onChange={setShown} position="bottom-end" width={380} shadow="md" radius="md" trapFocus returnFocus>
      <Indicator disabled={running === 0} processing={running > 0} size={10} offset={6} color="clay">
        <Popover.Target>
          <ActionIcon size="lg" aria-label={label} onClick={() => setShown(!isShown)}><IconBell size={19} aria-hidden /></ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown p={0} aria-label={t('bell.label')}>
        <Suspense fallback={null}>{isShown && <JobList query={jobs} close={() => setShown(false)} />}</Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
