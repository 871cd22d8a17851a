import { Alert, Button, Group, Modal, Skeleton, Stack, Table, Text, Textarea, TextInput } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { useWords } from '../../../parts/Reason';
import { StatusBadge } from '../../../parts/StatusBadge';
import type { Tone } from '../../../theme/theme';
import classes from './person.module.css';
import type { Profile } from './use';

const CHANNELS = ['email', 'sms', 'zalo', 'push'] as const;
const TONES: Record<string, Tone> = { granted: 'good', pending: 'wait', denied: 'bad' };

function Change({ profile, channel, granted, close }: { profile: Profile; channel: string; granted: boolean; close: () => void }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const [source, setSource] = useState('');
  const [wording, setWording] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const body = { channel, purpose: 'marketing', granted, source: source.trim() || 'staff', ...(wording.trim() ? { wording: wording.trim() } : {}) };
    call(api.POST('/api/v1/profiles/{id}/consents', { params: { path: { id: profile.id } }, body: body as never }))
      .then(async () => { await refresh('people'); notify.done(t('consent.saved')); close(); }, notify.failed)
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={close} title={t(granted ? 'consent.grantTitle' : 'consent.denyTitle', { channel: words.channelWithin(channel) })}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t(granted ? 'consent.grantText' : 'consent.denyText')}</Text>
          <TextInput data-autofocus required={granted} label={t('consent.where')} placeholder={t('consent.whereExample')} maxLength={190} value={source} onChange={(event) => setSource(event.currentTarget.value)} />
          {granted && <Textarea label={t('consent.wording')} description={t('consent.wordingText')} autosize minRows={2} maxLength={4_000} value={wording} onChange={(event) => setWording(event.currentTarget.value)} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('common:cancel')}</Button>
            <Button type="submit" loading={isBusy} disabled={granted && !source.trim()} color={granted ? undefined : 'red'}>{t(granted ? 'consent.grant' : 'consent.deny')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What holds now for each channel, and the proof of it: every statement with where, when and in which words. */
export default function Consents({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const mayChange = useMay('people.change');
  const [asked, setAsked] = useState<{ channel: string; granted: boolean } | null>(null);
  const records = useQuery({ queryKey: ['people', profile.id, 'consents'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/consents', { params: { path: { id: profile.id } } })) });
  return (
    <Stack gap="md">
      <Panel title={t('consent.now')} text={t('consent.nowText')}>
        {CHANNELS.map((channel) => {
          const held = profile.consents[`${channel}.marketing`];
          return (
            <div key={channel} className={classes.row}>
              <div>
                <Group gap="xs"><Text size="sm" fw={600}>{words.channel(channel)}</Text><StatusBadge tone={held ? (TONES[held.state] ?? 'calm') : 'calm'}>{held ? words.consentState(held.state) : t('reach.unknown')}</StatusBadge></Group>
                {held && <Text size="xs" c="dimmed"><When at={held.at} full /> · {held.source}</Text>}
              </div>
              {mayChange && (
                <Group gap="xs">
                  {held?.state !== 'granted' && <Button size="compact-sm" variant="default" onClick={() => setAsked({ channel, granted: true })}>{t('consent.grant')}</Button>}
                  {held?.state !== 'denied' && <Button size="compact-sm" variant="default" onClick={() => setAsked({ channel, granted: false })}>{t('consent.deny')}</Button>}
                </Group>
              )}
            </div>
          );
        })}
      </Panel>
      <Panel title={t('consent.proof')} text={t('consent.proofText')}>
        {records.error ? <ErrorNote error={records.error} retry={() => void records.refetch()} /> : !records.data ? <Skeleton h={120} /> : records.data.items.length === 0 ? (
          <Alert icon={<IconInfoCircle aria-hidden />} color="gray">{t('consent.noProof')}</Alert>
        ) : (
          <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table verticalSpacing="sm">
              <Table.Thead><Table.Tr><Table.Th>{t('consent.at')}</Table.Th><Table.Th>{t('consent.what')}</Table.Th><Table.Th>{t('consent.where')}</Table.Th><Table.Th>{t('consent.words')}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {records.data.items.map((one, at) => (
                  <Table.Tr key={at}>
                    <Table.Td><When at={one.at} full /></Table.Td>
                    <Table.Td><Group gap={6}><StatusBadge tone={TONES[one.state] ?? 'calm'}>{words.consentState(one.state)}</StatusBadge><Text size="sm">{words.channel(one.channel)} · {words.purpose(one.purpose)}</Text></Group></Table.Td>
                    <Table.Td><Text size="sm">{one.source}</Text>{one.ip && <Text size="xs" c="dimmed">IP {one.ip}</Text>}{one.user_agent && <Text size="xs" c="dimmed" lineClamp={1} title={one.user_agent}>{one.user_agent}</Text>}</Table.Td>
                    <Table.Td maw={280}><Text size="sm" c={one.wording ? undefined : 'dimmed'}>{one.wording ? `“${one.wording}”` : t('consent.noWords')}</Text></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Panel>
      {asked && <Change profile={profile} {...asked} close={() => setAsked(null)} />}
    </Stack>
  );
}
