/** The people behind a number: who got it, who opened it, who did not get it and why. */
import { Anchor, Button, Group, Modal, Select, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFilterPlus, IconListDetails, IconUsers } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { MessageState, Reason, useWords } from '../../parts/Reason';
import { usePages } from '../../parts/usePages';
import type { Result } from './CampaignPage';
import type { CampaignView } from './model';

/** The steps, as the API asks for them and as a segment says them. */
const STEPS: Record<string, { query: { state?: string; did?: string }; message?: string }> = {
  all: { query: {} },
  sent: { query: { state: 'sent' }, message: 'sent' },
  opened: { query: { did: 'opened' }, message: 'opened' },
  clicked: { query: { did: 'clicked' }, message: 'clicked' },
  nothing: { query: { state: 'sent', did: 'nothing' }, message: 'nothing' },
  unsubscribed: { query: { did: 'unsubscribed' }, message: 'unsubscribed' },
  machine: { query: { did: 'machine' } },
  refused: { query: { state: 'refused' }, message: 'refused' },
  failed: { query: { state: 'failed' } },
  queued: { query: { state: 'queued' } },
  cancelled: { query: { state: 'cancelled' } },
};

function definitionOf(message: string, campaign: string): object {
  const did = (what: string, more: object = {}) => ({ message: { did: what, campaign, ...more } });
  if (message === 'nothing') return { all: [did('sent'), { none: [did('opened'), did('clicked')] }] };
  return { all: [did(message)] };
}

export function People({ campaign, run, step = 'all', reason, result, change }: {
  campaign: CampaignView; run: number | undefined; step?: string; reason?: string; result: Result; change: (step?: string, reason?: string) => void;
}) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const mayChange = useMay('setup.change');
  const [isMaking, making] = useDisclosure(false);
  const known = STEPS[step] ?? STEPS.all;
  const query = { ...known?.query, reason, run };
  const pages = usePages<Schema<'MessageLine'>>(['campaigns', campaign.id, 'people', query], (cursor) =>
    call(api.GET('/api/v1/campaigns/{id}/messages', { params: { path: { id: campaign.id }, query: { ...query, limit: 50, cursor } } })));
  const reasons = step === 'refused' ? result.refused_by : step === 'failed' ? result.failed_by : step === 'queued' ? result.delayed_by : step === 'cancelled' ? result.cancelled_by : {};
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end">
        <Group gap="sm">
          <Select aria-label={t('whom.step')} w={260} allowDeselect={false} value={STEPS[step] ? step : 'all'} onChange={(value) => change(value ?? undefined, undefined)} data={Object.keys(STEPS).map((id) => ({ value: id, label: t(`whom.${id}`) }))} />
          {Object.keys(reasons).length > 0 && (
            <Select aria-label={t('whom.reason')} placeholder={t('whom.everyReason')} clearable w={320} value={reason ?? null} onChange={(value) => change(step, value ?? undefined)} data={Object.keys(reasons).filter(Boolean).map((id) => ({ value: id, label: words.reason(id) }))} />
          )}
        </Group>
        <Group gap="xs">
          {known?.message && !reason && mayChange && <Button variant="default" leftSection={<IconFilterPlus size={16} aria-hidden />} onClick={making.open}>{t('whom.make')}</Button>}
          <Button variant="default" component={Link} to="/messages" search={{ campaign_id: campaign.id } as never} leftSection={<IconListDetails size={16} aria-hidden />}>{t('whom.ledger')}</Button>
        </Group>
      </Group>
      <DataTable
        idAccessor="id" records={pages.rows} fetching={pages.isPending} error={pages.error} retry={pages.retry} more={pages.more}
        empty={<EmptyState Icon={IconUsers} title={t('whom.noneTitle')} text={t('whom.noneText')} />}
        columns={[
          { accessor: 'name', title: t('whom.person'), render: (row) => <Stack gap={0}>{row.profile_id ? <Anchor component={Link} to={`/customers/${row.profile_id}`} size="sm" fw={500} c="inherit">{row.name || t('whom.nameless')}</Anchor> : <Text size="sm" c="dimmed">{t('whom.gone')}</Text>}<Text size="xs" c="dimmed">{row.address}</Text></Stack> },
          { accessor: 'state', title: t('whom.became'), render: (row) => <Stack gap={2} align="flex-start"><MessageState state={row.state} /><Reason code={row.reason} detail={row.detail} /></Stack> },
          { accessor: 'decided_at', title: t('whom.at'), textAlign: 'right', visibleMediaQuery: '(min-width: 48em)', render: (row) => <When at={row.sent_at ?? row.decided_at} full /> },
          { accessor: 'id', title: <VisuallyHidden>{t('whom.message')}</VisuallyHidden>, textAlign: 'right', render: (row) => <Anchor component={Link} to={`/messages/${row.id}`} size="sm" aria-label={t('whom.openOf', { name: row.name || t('whom.nameless') })}>{t('whom.open')}</Anchor> },
        ]}
      />
      {known?.message && <Make campaign={campaign} step={step} message={known.message} isOpen={isMaking} close={making.close} />}
    </Stack>
  );
}

/** A segment of these people: live, as all segments are. */
function Make({ campaign, step, message, isOpen, close }: { campaign: CampaignView; step: string; message: string; isOpen: boolean; close: () => void }) {
  const { t } = useTranslation('campaigns');
  const navigate = useNavigate();
  const first = `${campaign.name}: ${t(`whom.${step}`)}`;
  const [name, setName] = useState<string | null>(null);
  const make = useMutation({
    mutationFn: () => call(api.POST('/api/v1/segments', { headers: onceKey(), body: { name: (name ?? first).trim(), definition: definitionOf(message, campaign.id) as never } as never })),
    onSuccess: async (made) => {
      await refresh('segments');
      close();
      notify.done(t('whom.made', { name: made.name }));
      void navigate({ to: `/segments/${made.id}` });
    },
  });
  return (
    <Modal opened={isOpen} onClose={close} title={t('whom.make')} closeButtonProps={{ 'aria-label': t('close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Stack>
          <Text size="sm">{t('whom.makeText')}</Text>
          <TextInput label={t('whom.segmentName')} value={name ?? first} onChange={(event) => setName(event.currentTarget.value)} maxLength={200} data-autofocus />
          {make.error && <ErrorNote error={make.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('cancelDeed')}</Button>
            <Button type="submit" loading={make.isPending} disabled={!(name ?? first).trim()}>{t('whom.makeDeed')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
