import { Anchor, Button, Group, Progress, Text } from '@mantine/core';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Num, Percent, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { usePages } from '../../parts/usePages';
import { isUnderWay, type Job, kindOf, progressOf, shareOf, STATE_TONES } from './job';
import { useWatch } from './useWatch';

const LIMIT = 30;
const WIDE = '(min-width: 48em)';

export default function ImportsPage() {
  const { t } = useTranslation('imports');
  const navigate = useNavigate();
  const list = usePages<Job>(['jobs', 'imports'], (cursor) => call(api.GET('/api/v1/imports', { params: { query: { limit: LIMIT, cursor } } })));
  useWatch(list.rows.some(isUnderWay), list.retry);
  const start = <Button component={Link} to="/imports/new" leftSection={<IconPlus size={16} aria-hidden />}>{t('start')}</Button>;
  return (
    <Page title={t('title')} text={t('text')} actions={list.rows.length > 0 && start}>
      <DataTable<Job>
        records={list.isPending ? undefined : list.rows} fetching={list.isPending} error={list.error} retry={list.retry} more={list.more} idAccessor="id"
        empty={<Panel><EmptyState Icon={IconFileImport} title={t('emptyTitle')} text={t('emptyText')} action={start} /></Panel>}
        onRowClick={({ record }) => void navigate({ to: `/imports/${record.id}` })} rowClassName="ql-row-link"
        columns={[
          {
            accessor: 'name', title: t('fileTitle'),
            render: (job) => (
              <div>
                <Anchor component={Link} to={`/imports/${job.id}`} fw={600} size="sm" onClick={(event) => event.stopPropagation()} style={{ overflowWrap: 'anywhere' }}>{job.name}</Anchor>
                <Text size="xs" c="dimmed">{t(`kind.${kindOf(job)}`)}</Text>
              </div>
            ),
          },
          {
            accessor: 'state', title: t('stateTitle'),
            render: (job) => isUnderWay(job) ? (
              <div style={{ minWidth: 120 }}>
                <Group justify="space-between" gap="xs"><Text size="xs">{t(`state.${job.state}`)}</Text><Text size="xs"><Percent value={shareOf(job)} digits={0} /></Text></Group>
                <Progress value={shareOf(job) * 100} size="sm" mt={4} aria-label={t('progressOf', { name: job.name })} />
              </div>
            ) : <StatusBadge tone={STATE_TONES[job.state] ?? 'calm'}>{t(`state.${job.state}`)}</StatusBadge>,
          },
          { accessor: 'taken', title: t('taken'), textAlign: 'right', visibleMediaQuery: WIDE, render: (job) => <Num value={progressOf(job).rows_taken} /> },
          {
            accessor: 'rejected', title: t('rejectedTitle'), textAlign: 'right', visibleMediaQuery: WIDE,
            render: (job) => <Text span size="sm" c={progressOf(job).rows_rejected > 0 ? 'var(--ql-bad)' : undefined}><Num value={progressOf(job).rows_rejected} /></Text>,
          },
          { accessor: 'created_at', title: t('when'), textAlign: 'right', visibleMediaQuery: WIDE, render: (job) => <When at={job.created_at} /> },
        ]}
      />
    </Page>
  );
}
