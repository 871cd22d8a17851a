import { Button, Group, Skeleton, Stack, Text, ThemeIcon } from '@mantine/core';
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { device } from './device';

/** Where this account is signed in. */
export function SessionsPanel() {
  const { t } = useTranslation('accounts');
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => call(api.GET('/api/v1/sessions')) });
  const end = async (ids: string[]) => {
    try {
      for (const id of ids) await call(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }));
      notify.done(t('sessions.ended', { count: ids.length }));
    } catch (error) {
      notify.failed(error);
    }
    await refresh('sessions');
  };
  const all = [...(sessions.data?.items ?? [])].sort((a, b) => Number(b.is_current) - Number(a.is_current) || b.last_used_at.localeCompare(a.last_used_at));
  const others = all.filter((one) => !one.is_current).map((one) => one.id);
  return (
    <Panel
      title={t('sessions.title')} text={t('sessions.text')}
      actions={others.length > 1 && <Button variant="default" size="compact-md" onClick={() => void end(others)}>{t('sessions.endOthers')}</Button>}
    >
      {sessions.isError && <ErrorNote error={sessions.error} retry={() => void sessions.refetch()} />}
      {sessions.isPending && <Stack><Skeleton h={48} /><Skeleton h={48} /></Stack>}
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {all.map((one) => {
          const { browser, system, isPhone } = device(one.device);
          const Icon = isPhone ? IconDeviceMobile : IconDeviceDesktop;
          const name = [browser, system].filter(Boolean).join(' · ') || t('sessions.unknown');
          return (
            <Group key={one.id} component="li" justify="space-between" gap="sm" wrap="nowrap" py={8}>
              <Group gap="sm" wrap="nowrap" miw={0}>
                <ThemeIcon variant="light" color="gray" size={38} radius="md"><Icon size={20} stroke={1.7} aria-hidden /></ThemeIcon>
                <div style={{ minWidth: 0 }}>
                  <Group gap="xs"><Text size="sm" fw={600}>{name}</Text>{one.is_current && <StatusBadge tone="good">{t('sessions.here')}</StatusBadge>}</Group>
                  <Text size="xs" c="dimmed">{one.network || t('sessions.noNetwork')} · {t('sessions.used')} <When at={one.last_used_at} /></Text>
                </div>
              </Group>
              {!one.is_current && <Button variant="subtle" color="gray" size="compact-sm" aria-label={t('sessions.endOne', { name })} onClick={() => void end([one.id])}>{t('sessions.end')}</Button>}
            </Group>
          );
        })}
      </Stack>
    </Panel>
  );
}
