/** A channel tried: whether its provider answers and takes what was entered, and a first message. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCircleCheck, IconMailForward, IconPlugConnected, IconPlugConnectedX } from '@tabler/icons-react';
import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { useSession } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Note } from '../../../parts/Note';
import { Panel } from '../../../parts/Panel';
import type { Channel } from '../channels';

export interface Answer {
  ok: boolean;
  detail: string;
}

export type Check = UseMutationResult<Answer, Error, void>;

export function useCheck(channel: string): Check {
  return useMutation({ mutationFn: () => call(api.POST('/api/v1/channels/{channel}/check', { params: { path: { channel } } })) });
}

/** What to do about an answer of a provider. */
function adviceOf(detail: string, isMailServer: boolean): string {
  const told = detail.toLowerCase();
  if (/private network/.test(told)) return 'channels.advice.private';
  if (!isMailServer) return /connect|refused|timed|no answer|in time|no address|resolve|host name/.test(told) ? 'channels.advice.connect' : 'channels.advice.provider';
  if (/535|534|530|auth|password|credential|login/.test(told)) return 'channels.advice.password';
  if (/certificate|tls|starttls/.test(told)) return 'channels.advice.tls';
  if (/no address|resolve|host name/.test(told)) return 'channels.advice.host';
  if (/connect|refused|timed|no answer|in time/.test(told)) return 'channels.advice.connect';
  return 'channels.advice.other';
}

export function Result({ answer, good, isMailServer }: { answer: Answer | undefined; good: string; isMailServer?: boolean }) {
  const { t } = useTranslation('settings');
  if (!answer) return null;
  return answer.ok ? (
    <Note tone="good" icon={<IconCircleCheck aria-hidden />} role="status" title={good}>{answer.detail && <Text size="sm">{answer.detail}</Text>}</Note>
  ) : (
    <Note tone="bad" icon={<IconPlugConnectedX aria-hidden />} role="alert" title={t('channels.refused')}>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{answer.detail}</Text>
      <Text size="sm" mt={6}>{t(adviceOf(answer.detail, isMailServer ?? false))}</Text>
    </Note>
  );
}

export function Try({ channel, check, isSaved }: { channel: Channel; check: Check; isSaved: boolean }) {
  const { t } = useTranslation('settings');
  const session = useSession();
  const isMail = channel.channel === 'email';
  const trial = useMutation({
    mutationFn: (to: string) => call(api.POST('/api/v1/channels/{channel}/test', { params: { path: { channel: channel.channel } }, body: to ? { to } : {} })),
  });
  const to = useForm({ initialValues: { to: '' } });
  const text = !isSaved ? t('channels.trySave') : isMail ? t('channels.tryText') : t('channels.tryCheck');
  return (
    <Panel title={t('channels.try')} text={text}>
      <Stack>
        <Group align="flex-end">
          <Button variant="default" leftSection={<IconPlugConnected size={17} />} loading={check.isPending} disabled={!isSaved} onClick={() => check.mutate()}>{t('channels.check')}</Button>
          {isMail && (
            <form onSubmit={to.onSubmit((told) => trial.mutate(told.to))} style={{ flex: '1 1 300px' }}>
              <Group align="flex-end" gap="xs" wrap="nowrap">
                <TextInput style={{ flex: 1 }} type="email" label={t('channels.trialTo')} placeholder={session?.email} {...to.getInputProps('to')} />
                <Button type="submit" variant="default" leftSection={<IconMailForward size={17} />} loading={trial.isPending} disabled={!isSaved}>{t('channels.trial')}</Button>
              </Group>
            </form>
          )}
        </Group>
        {check.error && <ErrorNote error={check.error} />}
        {trial.error && <ErrorNote error={trial.error} />}
        <Result answer={check.data} good={t('channels.works')} isMailServer={channel.provider === 'smtp'} />
        <Result answer={trial.data} good={t('channels.sent')} isMailServer={channel.provider === 'smtp'} />
      </Stack>
    </Panel>
  );
}
