import { Button, Card, Group, Stack, Text, TextInput, ThemeIcon } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconAlertTriangle, IconCheck, IconQuestionMark, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, queries, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Note } from '../../parts/Note';
import { CopyLine } from './Copy';
import { DomainChecks } from './DomainChecks';
import { DomainState } from './DomainsPage';
import { Frame } from './Frame';
import { PlanPanel } from './PlanPanel';

type Domain = Schema<'DomainView'>;
type Found = Domain['records'][number];

export default function DomainPage() {
  const { t } = useTranslation('settings');
  const { domain } = useParams({ strict: false }) as { domain: string };
  const may = useMay('workspace.manage');
  const go = useNavigate();
  const key = ['settings', 'domains', domain];
  const query = useQuery({ queryKey: key, queryFn: () => call(api.GET('/api/v1/domains/{domain}', { params: { path: { domain } } })) });
  const check = useMutation({
    mutationFn: () => call(api.POST('/api/v1/domains/{domain}/check', { params: { path: { domain } } })),
    onSuccess: (found) => {
      queries.setQueryData(key, found);
      void queries.invalidateQueries({ queryKey: ['settings', 'domains'], exact: true });
      if (found.state === 'verified') notify.done(t('domains.verified'));
    },
    onError: notify.failed,
  });
  const remove = async () => {
    if (!(await confirm({ title: t('domains.removeTitle', { domain }), text: t('domains.removeText'), deed: t('domains.remove'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/domains/{domain}', { params: { path: { domain } } }));
      await go({ to: '/settings/domains' });
      await refresh('settings');
    } catch (failed) {
      notify.failed(failed);
    }
  };
  const data = query.data;
  return (
    <Frame
      at="domains" title={domain} above={[{ title: t('section.domains'), to: '/settings/domains' }]} badge={data && <DomainState domain={data} />}
      text={data?.checked_at ? <>{t('domains.checkedAt')} <When at={data.checked_at} /></> : t('domains.steps')}
      actions={may && data && (
        <>
          <Button variant="default" color="red" leftSection={<IconTrash size={16} />} onClick={() => void remove()}>{t('domains.remove')}</Button>
          <Button leftSection={<IconRefresh size={16} />} loading={check.isPending} onClick={() => check.mutate()}>{t('domains.check')}</Button>
        </>
      )}
    >
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !data ? <PageSkeleton /> : (
        <Stack gap="md">
          {data.state === 'incomplete' && <Note tone="wait" icon={<IconAlertTriangle aria-hidden />}><Text size="sm">{t('domains.incomplete')}</Text></Note>}
          {data.records.map((record) => <RecordCard key={record.purpose} record={record} />)}
          <DomainChecks checks={data.checks} />
          {may && <SpfForm domain={data} />}
          <PlanPanel domain={domain} />
        </Stack>
      )}
    </Frame>
  );
}

function RecordCard({ record }: { record: Found }) {
  const { t } = useTranslation('settings');
  const isGood = record.state === 'ok';
  const isOpen = record.state === 'unchecked' || record.state === 'unknown';
  const tone = isGood ? 'good' : isOpen ? 'calm' : record.is_optional ? 'wait' : 'bad';
  const Icon = isGood ? IconCheck : isOpen ? IconQuestionMark : IconAlertTriangle;
  return (
    <Card component="section" aria-label={t(`domains.record.${record.purpose}`)}>
      <Group wrap="nowrap" align="flex-start" gap="md">
        <ThemeIcon variant="light" radius="xl" size={34} style={{ background: `var(--ql-${tone}-tint)`, color: `var(--ql-${tone})`, flex: 'none' }}><Icon size={18} aria-hidden /></ThemeIcon>
        <Stack gap="sm" style={{ flex: 1, minWidth: 0 }}>
          <div>
            <Group gap="xs">
              <Text fw={600}>{t(`domains.record.${record.purpose}`)}</Text>
              <StatusBadge tone={tone}>{t(`domains.found.${record.state}`)}</StatusBadge>
              {record.is_optional && <Text size="xs" c="dimmed">{t('domains.optional')}</Text>}
            </Group>
            <Text size="sm" c="dimmed">{t(`domains.why.${record.purpose}`)}</Text>
          </div>
          <div>
            <Text size="xs" fw={600} c="dimmed" mb={4}>{t('domains.name', { kind: record.kind })}</Text>
            <CopyLine text={record.name} label={t('domains.copyName')} />
          </div>
          <div>
            <Text size="xs" fw={600} c="dimmed" mb={4}>{t('domains.value')}</Text>
            {record.value ? <CopyLine text={record.value} label={t('domains.copyValue')} /> : <Text size="sm">{t(`domains.valueElsewhere.${record.purpose}`)}</Text>}
          </div>
          {record.found.length > 0 && !isGood && (
            <div>
              <Text size="xs" fw={600} c="dimmed" mb={4}>{t('domains.foundLabel')}</Text>
              {record.found.map((text) => <Text key={text} size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>{text}</Text>)}
            </div>
          )}
          {!isGood && !isOpen && <Text size="sm" c={`var(--ql-${tone})`}>{t(`domains.do.${record.state}`)}</Text>}
          {record.state === 'unknown' && <Text size="sm">{t('domains.do.unknown')}</Text>}
        </Stack>
      </Group>
    </Card>
  );
}

function SpfForm({ domain }: { domain: Domain }) {
  const { t } = useTranslation('settings');
  const form = useForm({ initialValues: { spf: domain.spf } });
  const save = useMutation({
    mutationFn: (spf: string) => call(api.PATCH('/api/v1/domains/{domain}', { params: { path: { domain: domain.domain } }, body: { spf } })),
    onSuccess: async (found) => {
      await refresh('settings');
      form.setInitialValues({ spf: found.spf });
      form.reset();
      notify.done(t('saved'));
    },
    onError: (failed) => (asProblem(failed).errors.spf ? form.setErrors({ spf: t('domains.wrong.spf') }) : notify.failed(failed)),
  });
  return (
    <Panel title={t('domains.relay')} text={t('domains.spfText')}>
      <form onSubmit={form.onSubmit((told) => save.mutate(told.spf))}>
        <Group align="flex-end">
          <TextInput style={{ flex: '1 1 260px' }} label={t('domains.spf')} placeholder="include:_spf.example.com" {...form.getInputProps('spf')} />
          <Button type="submit" variant="default" disabled={!form.isDirty()} loading={save.isPending}>{t('domains.spfSave')}</Button>
        </Group>
      </form>
    </Panel>
  );
}
