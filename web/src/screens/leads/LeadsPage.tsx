/** Leads: who may become a customer, how far they are, and who takes care of them. */
import { Alert, Anchor, Button, Group, Progress, SegmentedControl, Select, SimpleGrid, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAdjustments, IconChartBar, IconSearch, IconTargetArrow } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { Num, Percent, When } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Stat } from '../../parts/Stat';
import { usePages } from '../../parts/usePages';
import { Board } from './Board';
import { assigneesQuery, reportQuery, STATUSES, type Lead } from './model';
import { AssigneeOf, Grade, Reasons, StatusOf } from './parts';

interface Wanted {
  grade?: string;
  status?: string;
  assignee?: string;
  view?: string;
}

export default function LeadsPage() {
  const { t } = useTranslation('leads');
  const mayChange = useMay('setup.change');
  const wanted = useSearch({ strict: false }) as Wanted;
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), 300);
  const report = useQuery({ ...reportQuery, refetchInterval: (found) => (found.state.data?.is_computing ? 1_500 : false) });
  const assignees = useQuery(assigneesQuery);
  const query = { limit: 50, ...(wanted.grade ? { grade: wanted.grade } : {}), ...(wanted.status ? { status: wanted.status } : {}), ...(wanted.assignee ? { assignee: wanted.assignee } : {}), ...(search ? { search } : {}) };
  const leads = usePages<Lead>(['people', 'leads', 'list', query], (cursor) => call(api.GET('/api/v1/leads', { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } })));
  const go = (change: Wanted) => {
    const next = Object.fromEntries(Object.entries({ ...wanted, ...change }).filter(([, value]) => value));
    void navigate({ to: '.', search: next as never, replace: true });
  };
  const isBoard = wanted.view === 'board';
  const isFiltered = !!(wanted.grade ?? wanted.status ?? wanted.assignee) || search !== '';
  const hasRules = (report.data?.rules_version ?? 0) > 0;
  const open = (report.data?.statuses ?? []).filter((one) => ['new', 'assigned', 'contacted', 'qualified'].includes(one.status)).reduce((sum, one) => sum + one.people, 0);
  const actions = (
    <>
      <Button component={Link} to="/leads/report" variant="default" leftSection={<IconChartBar size={16} aria-hidden />}>{t('toReport')}</Button>
      <Button component={Link} to="/leads/rules" leftSection={<IconAdjustments size={16} aria-hidden />}>{t('toRules')}</Button>
    </>
  );
  if (report.data && !hasRules && leads.rows.length === 0 && !leads.isPending && !isFiltered) {
    return (
      <Page title={t('title')} text={t('text')}>
        <EmptyState Icon={IconTargetArrow} title={t('emptyTitle')} text={t('emptyText')} action={mayChange ? <Button component={Link} to="/leads/rules">{t('emptyDeed')}</Button> : undefined} />
      </Page>
    );
  }
  return (
    <Page title={t('title')} text={t('text')} actions={actions}>
      {report.data?.is_computing && <Alert variant="light" color="gray"><Group gap="sm"><Progress value={100} animated w={80} aria-hidden /><Text size="sm">{t('computing')}</Text></Group></Alert>}
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
        {(report.data?.grades ?? []).map((one) => (
          <UnstyledButton key={one.grade} onClick={() => go({ grade: wanted.grade === one.grade ? undefined : one.grade ?? undefined })} aria-pressed={wanted.grade === one.grade}>
            <Stat label={t('gradeStat', { grade: one.grade })} value={<Num value={one.people} />} />
          </UnstyledButton>
        ))}
        <Stat label={t('openStat')} help={t('openHelp')} value={<Num value={open} />} isLoading={report.isPending} />
      </SimpleGrid>
      <Group gap="sm" align="flex-end">
        <TextInput style={{ flex: '1 1 220px' }} label={t('search')} placeholder={t('searchExample')} leftSection={<IconSearch size={16} aria-hidden />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Select label={t('column.grade')} placeholder={t('everyGrade')} clearable clearButtonProps={{ 'aria-label': t('everyGrade') }} w={150} value={wanted.grade ?? null} data={(report.data?.grades ?? []).flatMap((one) => (one.grade ? [one.grade] : []))} onChange={(grade) => go({ grade: grade ?? undefined })} />
        <Select label={t('column.status')} placeholder={t('everyStatus')} clearable clearButtonProps={{ 'aria-label': t('everyStatus') }} w={170} value={wanted.status ?? null} data={[{ value: 'none', label: t('noStatus') }, ...STATUSES.map((one) => ({ value: one, label: t(`status.${one}`) }))]} onChange={(status) => go({ status: status ?? undefined })} />
        <Select label={t('column.assignee')} placeholder={t('everybody')} clearable clearButtonProps={{ 'aria-label': t('everybody') }} w={180} value={wanted.assignee ?? null} data={[{ value: 'none', label: t('nobody') }, ...(assignees.data?.items ?? []).map((one) => ({ value: one.address, label: one.name || one.address }))]} onChange={(assignee) => go({ assignee: assignee ?? undefined })} />
        <SegmentedControl aria-label={t('view.title')} value={isBoard ? 'board' : 'list'} data={[{ value: 'list', label: t('view.list') }, { value: 'board', label: t('view.board') }]} onChange={(view) => go({ view: view === 'board' ? view : undefined })} />
      </Group>
      {isBoard ? <Board status={wanted.status} filter={{ ...(wanted.grade ? { grade: wanted.grade } : {}), ...(wanted.assignee ? { assignee: wanted.assignee } : {}), ...(search ? { search } : {}) }} /> : <DataTable<Lead>
        idAccessor="profile_id" records={leads.rows} fetching={leads.isPending} error={leads.error} retry={leads.retry} more={leads.more}
        empty={<EmptyState Icon={IconTargetArrow} title={t(isFiltered ? 'noneTitle' : 'nobodyYet')} text={t(isFiltered ? 'noneText' : 'nobodyYetText')} />}
        columns={[
          {
            accessor: 'name', title: t('column.name'), width: 205,
            render: (lead) => (
              <Stack gap={2}>
                <Anchor component={Link} to={`/customers/${lead.profile_id}`} search={{ tab: 'lead' } as never} size="sm" fw={600}>{lead.name ?? lead.email ?? lead.phone ?? t('nameless')}</Anchor>
                <Text size="xs" c="dimmed">{[lead.name ? lead.email : null, lead.phone].filter(Boolean).join(' · ') || <When at={lead.last_seen_at} isPlain />}</Text>
              </Stack>
            ),
          },
          { accessor: 'grade', title: t('column.grade'), width: 70, render: (lead) => <Grade name={lead.grade} /> },
          { accessor: 'score', title: t('column.score'), textAlign: 'right', width: 75, render: (lead) => <Text span fw={600}><Num value={lead.score} /></Text> },
          ...(report.data?.model_serves ? [{ accessor: 'probability', title: t('column.probability'), textAlign: 'right' as const, width: 110, render: (lead: Lead) => <Percent value={lead.probability} digits={lead.probability && lead.probability < 0.1 ? 1 : 0} /> }] : []),
          { accessor: 'status', title: t('column.status'), width: 175, render: (lead) => <StatusOf lead={lead} /> },
          { accessor: 'assignee', title: t('column.assignee'), width: 195, render: (lead) => <AssigneeOf lead={lead} /> },
          { accessor: 'reasons', title: t('column.reasons'), width: 320, render: (lead) => <Reasons lead={lead} /> },
        ]}
      />}
    </Page>
  );
}
