import { Button, Checkbox, Group, Modal, Radio, SimpleGrid, Stack, Text, Textarea, Timeline } from '@mantine/core';
import { IconCheck, IconClock, IconDownload, IconFlag, IconInbox, IconMailCheck, IconUser, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, refresh } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Due } from './Due';
import { isOpen, type Request, requestQuery, STATE_TONES } from './request';

type Deed = 'extend' | 'refuse' | 'complete';

/** What changes or takes data away by itself when it is completed. */
const PERFORMED = ['erase', 'restrict', 'withdraw', 'object'];

function Answer({ request, deed, close }: { request: Request; deed: Deed; close: () => void }) {
  const { t } = useTranslation(['privacy', 'common']);
  const [words, setWords] = useState('');
  const [perform, setPerform] = useState(PERFORMED.includes(request.kind));
  const [orders, setOrders] = useState('keep');
  const [keepAway, setKeepAway] = useState(true);
  const [isChecked, setChecked] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const isErasing = deed === 'complete' && request.kind === 'erase' && perform;
  const isReady = (deed === 'complete' || words.trim() !== '') && (deed !== 'complete' || isChecked);
  const go = async () => {
    setBusy(true);
    const params = { params: { path: { id: request.id } } };
    try {
      const changed = await call(
        deed === 'extend' ? api.POST('/api/v1/requests/{id}/extend', { ...params, body: { reason: words } })
          : deed === 'refuse' ? api.POST('/api/v1/requests/{id}/refuse', { ...params, body: { reason: words } })
            : api.POST('/api/v1/requests/{id}/complete', { ...params, body: { outcome: words, perform, orders, keep_away: keepAway } }),
      );
      queries.setQueryData(requestQuery(request.id).queryKey, changed);
      await refresh('requests', 'erasures', 'people');
      notify.done(t(`did.${deed}`));
      close();
    } catch (error) {
      notify.failed(error);
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) void go();
      }}
    >
      <Stack>
        <Text size="sm">{t(`about.${deed}`)}</Text>
        {deed === 'complete' && PERFORMED.includes(request.kind) && (
          <Radio.Group value={perform ? 'yes' : 'no'} onChange={(value) => setPerform(value === 'yes')} label={t('perform.title')}>
            <Stack gap={6} mt={6}>
              <Radio value="yes" label={t(`perform.${request.kind}`)} />
              <Radio value="no" label={t('perform.no')} />
            </Stack>
          </Radio.Group>
        )}
        {isErasing && (
          <>
            <Radio.Group value={orders} onChange={setOrders} label={t('perform.orders')}>
              <Stack gap={6} mt={6}>
                <Radio value="keep" label={t('perform.keep')} />
                <Radio value="delete" label={t('perform.delete')} />
              </Stack>
            </Radio.Group>
            <Checkbox label={t('perform.keepAway')} checked={keepAway} onChange={(event) => setKeepAway(event.currentTarget.checked)} />
            <Note tone="bad">{t('perform.forGood')}</Note>
          </>
        )}
        <Textarea label={t(`words.${deed}`)} description={t('words.told')} required={deed !== 'complete'} autosize minRows={3} maxRows={8} maxLength={2_000} value={words} onChange={(event) => setWords(event.currentTarget.value)} data-autofocus />
        {deed === 'complete' && <Checkbox label={t('checked')} checked={isChecked} onChange={(event) => setChecked(event.currentTarget.checked)} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('cancel', { ns: 'common' })}</Button>
          <Button type="submit" color={isErasing || deed === 'refuse' ? 'red' : undefined} loading={isBusy} disabled={!isReady}>{isErasing ? t('eraseNow') : t(`deed.${deed}`)}</Button>
        </Group>
      </Stack>
    </form>
  );
}

export default function RequestPage() {
  const { t } = useTranslation(['privacy', 'common']);
  const formats = useFormats();
  const { id } = useParams({ strict: false }) as { id: string };
  const mayExport = useMay('person.export');
  const found = useQuery(requestQuery(id));
  const [deed, setDeed] = useState<Deed | null>(null);
  if (found.isPending) return <PageSkeleton />;
  if (found.isError) return <ErrorNote error={found.error} retry={() => void found.refetch()} />;
  const request = found.data;
  const open = isOpen(request);
  const acknowledge = async () => {
    try {
      queries.setQueryData(requestQuery(id).queryKey, await call(api.POST('/api/v1/requests/{id}/acknowledge', { params: { path: { id } } })));
      await refresh('requests');
      notify.done(t('did.acknowledge'));
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Page
      title={t(`kind.${request.kind}`)} text={t(`kindText.${request.kind}`)} above={[{ title: t('title'), to: '/requests' }]}
      badge={<StatusBadge tone={STATE_TONES[request.state] ?? 'calm'}>{t(`state.${request.state}`)}</StatusBadge>}
      actions={open && (
        <>
          {request.state === 'received' && <Button variant="default" leftSection={<IconMailCheck size={16} aria-hidden />} onClick={() => void acknowledge()}>{t('deed.acknowledge')}</Button>}
          {!request.extended_at && <Button variant="default" onClick={() => setDeed('extend')}>{t('deed.extend')}</Button>}
          <Button variant="default" color="red" onClick={() => setDeed('refuse')}>{t('deed.refuse')}</Button>
          <Button leftSection={<IconCheck size={16} aria-hidden />} onClick={() => setDeed('complete')}>{t('deed.complete')}</Button>
        </>
      )}
    >
      {request.is_overdue && open && <Note tone="bad">{t('overdue')}</Note>}
      {open && !request.deadline_is_verified && <Note tone="calm">{t('unverified')}</Note>}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
        <Panel title={t('whose')}>
          <Stack gap="sm">
            {request.identifiers.map((one) => <Text key={one} size="sm" style={{ overflowWrap: 'anywhere' }}>{one.replace(/^(\w+):/, '$1: ')}</Text>)}
            <Group gap="xs">
              {request.profile_id && <Button component={Link} to={`/customers/${request.profile_id}`} variant="default" leftSection={<IconUser size={16} aria-hidden />}>{t('seeProfile')}</Button>}
              {request.export_url && mayExport && <Button component="a" href={`/api/v1/profiles/${request.profile_id}/export?format=html`} variant="default" leftSection={<IconDownload size={16} aria-hidden />}>{t('handOut')}</Button>}
            </Group>
            {!request.profile_id && <Text size="sm" c="dimmed">{t('nobody')}</Text>}
            {request.note && <div><Text size="sm" fw={600}>{t('note')}</Text><Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>{request.note}</Text></div>}
            <Text size="sm" c="dimmed">{t('cameBy', { way: t(`ways.${request.channel || 'email'}`) })}{request.third_party && ` · ${t('third')}`}</Text>
          </Stack>
        </Panel>
        <Panel title={t('deadlines')} actions={<Due request={request} />}>
          <Timeline active={request.closed_at ? 3 : request.acknowledged_at ? 1 : 0} bulletSize={28} lineWidth={2}>
            <Timeline.Item bullet={<IconInbox size={15} aria-hidden />} title={t('line.received')}><Text size="sm" c="dimmed"><When at={request.received_at} full /></Text></Timeline.Item>
            <Timeline.Item bullet={<IconMailCheck size={15} aria-hidden />} title={t('line.acknowledged')}>
              <Text size="sm" c="dimmed">{request.acknowledged_at ? <When at={request.acknowledged_at} full /> : t('line.by', { date: formats.dateTime(request.acknowledge_by) })}</Text>
            </Timeline.Item>
            {request.extended_at && (
              <Timeline.Item bullet={<IconClock size={15} aria-hidden />} title={t('line.extended')}><Text size="sm" c="dimmed"><When at={request.extended_at} full /> · {request.extension_reason}</Text></Timeline.Item>
            )}
            <Timeline.Item bullet={request.state === 'refused' ? <IconX size={15} aria-hidden /> : <IconFlag size={15} aria-hidden />} title={t(request.state === 'refused' ? 'line.refused' : 'line.completed')}>
              <Text size="sm" c="dimmed">{request.closed_at ? <When at={request.closed_at} full /> : t('line.by', { date: formats.dateTime(request.due_at) })}</Text>
              {request.outcome && <Text size="sm" mt={4} style={{ whiteSpace: 'pre-wrap' }}>{request.outcome}</Text>}
            </Timeline.Item>
          </Timeline>
        </Panel>
      </SimpleGrid>
      <Modal opened={deed !== null} onClose={() => setDeed(null)} title={deed ? t(`deed.${deed}`) : ''} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        {deed && <Answer request={request} deed={deed} close={() => setDeed(null)} />}
      </Modal>
    </Page>
  );
}
