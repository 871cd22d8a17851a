/** Whom new rules lifted above the threshold: nobody is told of them until somebody asks for it. */
import { Alert, Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { waitingQuery } from './model';

export function WaitingNote({ version, names, tells }: { version: number; names: string; tells: boolean }) {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  const mayRead = useMay('people.read');
  const mayChange = useMay('setup.change');
  const [isAsked, setAsked] = useState(false);
  const waiting = useQuery({ ...waitingQuery, enabled: mayRead, refetchInterval: (found) => (found.state.data?.is_computing ? 1_500 : false) });
  const { data } = waiting;
  if (!data || data.version !== version || data.from === null || data.from === undefined) return null;
  if (data.is_computing) return <Text size="sm" c="dimmed" role="status">{t('waiting.computing')}</Text>;
  if (data.people === 0) return null;
  const counted = { count: data.people, shown: formats.number(data.people) };
  const handOver = async () => {
    const isSure = await confirm({ title: t('waiting.sure', counted), text: [t('waiting.sureText'), names ? t('waiting.sureTo', { names }) : t('waiting.sureNobody'), names && tells ? t('waiting.sureTold') : ''].filter(Boolean).join(' '), deed: t('waiting.deed', counted) });
    if (!isSure) return;
    setAsked(true);
    try {
      await call(api.POST('/api/v1/leads/hand-over', { body: { version } }));
      notify.done(t('waiting.done'));
      await refresh('people');
    } catch (error) {
      notify.failed(error);
    } finally {
      setAsked(false);
    }
  };
  return (
    <Alert variant="light" color="gray" title={t('waiting.title', counted)}>
      <Group justify="space-between" gap="sm">
        <Text size="sm">{t('waiting.text')}</Text>
        {mayChange && <Button variant="default" size="xs" loading={isAsked} onClick={() => void handOver()}>{t('waiting.ask')}</Button>}
      </Group>
    </Alert>
  );
}
