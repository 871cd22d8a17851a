/** The Official Account behind the Zalo channel: its authorisation, what is left for today, its templates. */
import { Anchor, Button, Group, Modal, Progress, SimpleGrid, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconExternalLink, IconPlugConnected, IconRefresh, IconTemplate } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { DataTable } from '../../../parts/DataTable';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useFormats, When } from '../../../parts/format';
import { Note } from '../../../parts/Note';
import { notify } from '../../../parts/notify';
import { PageSkeleton } from '../../../parts/PageSkeleton';
import { Panel } from '../../../parts/Panel';
import { StatusBadge } from '../../../parts/StatusBadge';
import { CopyLine } from '../Copy';
import { Result } from './Try';

type Status = Schema<'ZaloStatusView'>;
type Template = Schema<'ZaloTemplateView'>;

const TONES = { good: 'good', missing: 'wait', lapsed: 'bad' } as const;
/** Zalo's words that we have words for. */
const STATUSES = ['ENABLE', 'PENDING_REVIEW', 'REJECT', 'DISABLE', 'DELETE'];
const QUALITIES = ['HIGH', 'MEDIUM', 'LOW', 'UNDEFINED'];
const TAGS = ['TRANSACTION', 'CUSTOMER_CARE', 'PROMOTION', 'OTP', 'IN_TRANSACTION', 'POST_TRANSACTION', 'ACCOUNT_UPDATE'];

export default function ZaloAccount() {
  const { t } = useTranslation('providers');
  const query = useQuery({ queryKey: ['settings', 'zalo', 'status'], queryFn: () => call(api.GET('/api/v1/channels/zalo/status')) });
  const [brought] = useState(() => new URLSearchParams(window.location.search));
  useEffect(() => {
    // What Zalo brought back is told once: a reload of the page begins anew.
    if (brought.has('authorised')) window.history.replaceState(window.history.state, '', window.location.pathname);
  }, [brought]);
  const came = brought.get('authorised');
  return (
    <Stack gap="lg" mb="lg">
      {came === 'yes' && <Note tone="good" role="status" title={t('zalo.came.yes')}>{t('zalo.came.yesText')}</Note>}
      {came === 'no' && <Note tone="bad" role="alert" title={t('zalo.came.no')}><Text size="sm">{brought.get('why')}</Text><Text size="sm" mt={6}>{t('zalo.came.noText')}</Text></Note>}
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !query.data ? <PageSkeleton /> : <Account status={query.data} />}
      {query.data?.is_set_up && <Templates isAuthorised={query.data.authorisation.state === 'good'} />}
    </Stack>
  );
}

function Account({ status }: { status: Status }) {
  const { t } = useTranslation('providers');
  const formats = useFormats();
  const may = useMay('workspace.manage');
  const { authorisation, quota } = status;
  const state = authorisation.state as keyof typeof TONES;
  const begin = useMutation({
    mutationFn: () => call(api.POST('/api/v1/channels/zalo/authorise')),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: notify.failed,
  });
  const isGood = state === 'good';
  return (
    <Panel
      title={t('zalo.account')} text={t(`zalo.stateText.${state}`)}
      actions={may && <Button variant={isGood ? 'default' : 'filled'} leftSection={<IconPlugConnected size={17} />} loading={begin.isPending} onClick={() => begin.mutate()}>{isGood ? t('zalo.again') : t('zalo.authorise')}</Button>}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <div>
            <Text size="xs" c="dimmed">{t('zalo.stateLabel')}</Text>
            <StatusBadge tone={TONES[state] ?? 'calm'}>{t(`zalo.state.${state}`)}</StatusBadge>
            {authorisation.account_id && <Text size="sm" mt={4} className="ql-num">{t('zalo.oa', { id: authorisation.account_id })}</Text>}
          </div>
          <div>
            <Text size="xs" c="dimmed">{t('zalo.until')}</Text>
            <Text size="sm">{authorisation.refresh_expires_at ? <When at={authorisation.refresh_expires_at} dateOnly /> : '–'}</Text>
            {isGood && <Text size="xs" c="dimmed">{t('zalo.untilText')}</Text>}
          </div>
          <div>
            <Text size="xs" c="dimmed">{t('zalo.quota')}</Text>
            {quota ? (
              <>
                <Text size="sm" className="ql-num">{t('zalo.left', { left: formats.number(quota.remaining), all: formats.number(quota.daily) })}</Text>
                <Progress mt={4} size="sm" value={quota.daily > 0 ? (100 * (quota.daily - quota.remaining)) / quota.daily : 0} aria-label={t('zalo.quotaUsed')} />
              </>
            ) : <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{status.quota_problem ?? '–'}</Text>}
          </div>
        </SimpleGrid>
        {authorisation.problem && <Note tone={isGood ? 'wait' : 'bad'} title={t('zalo.problem')}><Text size="sm" style={{ overflowWrap: 'anywhere' }}>{authorisation.problem}</Text></Note>}
        {!isGood && (
          <div>
            <Text size="sm" fw={500} mb={4}>{t('zalo.redirect')}</Text>
            <CopyLine text={status.redirect_url} label={t('zalo.redirect')} />
            <Text size="xs" c="dimmed" mt={4}>{t('zalo.redirectText')}</Text>
          </div>
        )}
      </Stack>
    </Panel>
  );
}

function Templates({ isAuthorised }: { isAuthorised: boolean }) {
  const { t } = useTranslation('providers');
  const may = useMay('workspace.manage');
  const query = useQuery({ queryKey: ['settings', 'zalo', 'templates'], queryFn: () => call(api.GET('/api/v1/channels/zalo/templates')) });
  const [tried, setTried] = useState<Template | null>(null);
  const sync = useMutation({
    mutationFn: () => call(api.POST('/api/v1/channels/zalo/templates/sync')),
    onSuccess: async (found) => {
      await refresh('settings');
      notify.done(t('zalo.synced', { count: found.items.length }));
    },
    onError: notify.failed,
  });
  const button = may && (
    <Button variant="default" leftSection={<IconRefresh size={16} />} loading={sync.isPending} disabled={!isAuthorised} onClick={() => sync.mutate()}>{t('zalo.sync')}</Button>
  );
  const word = (list: string[], prefix: 'status' | 'quality' | 'tag', told: string) => (list.includes(told) ? t(`zalo.${prefix}.${told}`) : told || '–');
  const syncedAt = query.data?.items[0]?.synced_at;
  return (
    <Panel title={t('zalo.templates')} text={t('zalo.templatesText')} actions={button}>
      <Stack gap="sm">
        <DataTable<Template>
          fetching={query.isPending} records={query.data?.items} idAccessor="template_id" error={query.error} retry={() => void query.refetch()}
          columns={[
            {
              accessor: 'name', title: t('zalo.template'),
              render: (row) => (
                <div>
                  <Text size="sm" fw={600}>{row.name || row.template_id}</Text>
                  <Text size="xs" c="dimmed" className="ql-num">{row.template_id}{row.parameters.length > 0 && ` · ${row.parameters.map((one) => one.name).join(', ')}`}</Text>
                </div>
              ),
            },
            { accessor: 'status', title: t('zalo.statusLabel'), render: (row) => <StatusBadge tone={row.status === 'ENABLE' ? 'good' : row.status === 'PENDING_REVIEW' ? 'wait' : 'bad'}>{word(STATUSES, 'status', row.status)}</StatusBadge> },
            { accessor: 'tag', title: t('zalo.tagLabel'), render: (row) => word(TAGS, 'tag', row.tag), visibleMediaQuery: '(min-width: 800px)' },
            { accessor: 'quality', title: t('zalo.qualityLabel'), render: (row) => word(QUALITIES, 'quality', row.quality), visibleMediaQuery: '(min-width: 900px)' },
            {
              accessor: 'template_id', title: <VisuallyHidden>{t('zalo.deeds')}</VisuallyHidden>, textAlign: 'right',
              render: (row) => (
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  {/^https:\/\//.test(row.preview_url) && (
                    <Anchor href={row.preview_url} target="_blank" rel="noreferrer noopener" size="sm" aria-label={t('zalo.previewOf', { name: row.name })}><IconExternalLink size={16} aria-hidden /></Anchor>
                  )}
                  {may && row.status === 'ENABLE' && <Button size="compact-sm" variant="subtle" onClick={() => setTried(row)} aria-label={t('zalo.tryOf', { name: row.name })}>{t('zalo.try')}</Button>}
                </Group>
              ),
            },
          ]}
          empty={<EmptyState isSmall Icon={IconTemplate} title={t('zalo.none')} text={isAuthorised ? t('zalo.noneText') : t('zalo.noneYet')} />}
        />
        {syncedAt && <Text size="xs" c="dimmed">{t('zalo.syncedAt')} <When at={syncedAt} /></Text>}
      </Stack>
      <Modal opened={!!tried} onClose={() => setTried(null)} closeButtonProps={{ 'aria-label': t('common:close') }} title={tried && t('zalo.tryTitle', { name: tried.name })}>
        {tried && <Trial key={tried.template_id} template={tried} />}
      </Modal>
    </Panel>
  );
}

function Trial({ template }: { template: Template }) {
  const { t } = useTranslation('providers');
  const form = useForm({ initialValues: { to: '', parameters: template.parameters.map(() => '') } });
  const trial = useMutation({
    mutationFn: (told: typeof form.values) =>
      call(api.POST('/api/v1/channels/zalo/templates/{template}/test', {
        params: { path: { template: template.template_id } },
        body: { to: told.to.trim(), parameters: Object.fromEntries(template.parameters.map((one, at) => [one.name, told.parameters[at] ?? ''])) },
      })),
    onError: notify.failed,
  });
  return (
    <form onSubmit={form.onSubmit((told) => trial.mutate(told))}>
      <Stack>
        <Text size="sm" c="dimmed">{t('zalo.tryText')}</Text>
        <TextInput label={t('zalo.to')} description={t('zalo.toText')} required data-autofocus {...form.getInputProps('to')} />
        {template.parameters.map((one, at) => (
          <TextInput key={one.name} label={one.name} required={one.is_required} maxLength={one.max_length || undefined} {...form.getInputProps(`parameters.${at}`)} />
        ))}
        <Button type="submit" loading={trial.isPending}>{t('zalo.send')}</Button>
        <Result answer={trial.data} good={t('zalo.sent')} />
      </Stack>
    </form>
  );
}
