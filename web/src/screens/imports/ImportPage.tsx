import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../../parts/ErrorNote';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { StatusBadge } from '../../parts/StatusBadge';
import { isUnderWay, jobQuery, kindOf, STATE_TONES } from './job';
import { RunStep } from './RunStep';
import { Setup } from './Setup';
import { useWatch } from './useWatch';

/** One import: its columns and the check before it is started, then how it goes, and what came of it. */
export default function ImportPage() {
  const { t } = useTranslation('imports');
  const { id } = useParams({ strict: false }) as { id: string };
  const job = useQuery(jobQuery(id));
  useWatch(job.data !== undefined && isUnderWay(job.data), job.refetch as () => void);
  if (job.isPending) return <PageSkeleton />;
  if (job.isError && !job.data) return <ErrorNote error={job.error} retry={() => void job.refetch()} />;
  if (!job.data) return null;
  return (
    <Page
      title={job.data.name} text={t(`kind.${kindOf(job.data)}`)} above={[{ title: t('title'), to: '/imports' }]}
      badge={<StatusBadge tone={STATE_TONES[job.data.state] ?? 'calm'}>{t(`state.${job.data.state}`)}</StatusBadge>}
    >
      {job.data.state === 'uploaded' ? <Setup job={job.data} /> : <RunStep job={job.data} />}
    </Page>
  );
}
