import { Anchor, Group, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { useMay } from '../../app/session';
import { Num, Percent, useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import type { Tone } from '../../theme/theme';
import classes from './home.module.css';

function Rate({ label, value, limit, why }: { label: string; value: number | null | undefined; limit: number; why: string }) {
  const isKnown = value !== null && value !== undefined;
  return (
    <div>
      <Text size="xs" c="dimmed">{label}</Text>
      {isKnown ? (
        <Text fz={20} fw={600} c={value > limit ? 'var(--ql-bad)' : undefined} component="div"><Percent value={value} digits={2} /></Text>
      ) : (
        <Text size="xs" mt={4}>{why}</Text>
      )}
    </div>
  );
}

/** How sending does: each channel, failures, bounces, complaints, and what waits. */
export function Health({ attention, overview }: { attention: Schema<'Attention'> | undefined; overview: Schema<'Overview'> | undefined }) {
  const { t } = useTranslation('home');
  const formats = useFormats();
  const mayManage = useMay('workspace.manage');
  if (!attention) return <Panel title={t('health.title')}><Stack gap="xs">{[0, 1, 2].map((at) => <Skeleton key={at} h={38} />)}</Stack></Panel>;
  const { health } = attention;
  const state = (channel: Schema<'ChannelHealth'>): [Tone, string] => {
    if (channel.reasons['channel_misconfigured']) return ['bad', t('health.broken')];
    if (!channel.is_set_up) return ['calm', t('health.notSetUp')];
    if (!channel.enabled) return ['calm', t('health.off')];
    if (channel.waiting > 0) return ['wait', t('health.waiting', { count: channel.waiting, number: formats.number(channel.waiting) })];
    return ['good', t('health.works')];
  };
  const inPeriod = (name: string) => overview?.channels.find((one) => one.channel === name)?.sent;
  return (
    <Panel title={t('health.title')} text={t('health.text')}>
      <SimpleGrid cols={3} mb="md" spacing="sm">
        <Rate label={t('health.failures')} value={health.failure_rate} limit={0.1} why={t('health.tooFew')} />
        <Rate label={t('health.bounces')} value={health.bounce_rate} limit={0.02} why={t('health.tooFew')} />
        <Rate label={t('health.complaints')} value={health.complaint_rate} limit={0.001} why={t('health.tooFew')} />
      </SimpleGrid>
      {health.channels.filter((channel) => channel.is_set_up || channel.waiting > 0 || channel.channel === 'email').map((channel) => {
        const [tone, word] = state(channel);
        return (
          <div key={channel.channel} className={classes.row}>
            <div className={classes.rowMain}>
              <Text size="sm" fw={500}>{t(`channel.${channel.channel}`)}</Text>
              <Text size="xs" c="dimmed">
                {t('health.sent', { count: channel.sent, number: formats.number(channel.sent) })}
                {inPeriod(channel.channel) !== undefined && <> · {t('health.inPeriod')} <Num value={inPeriod(channel.channel)} /></>}
              </Text>
            </div>
            <Group gap="xs">
              {!channel.is_set_up && mayManage && <Anchor component={Link} to={`/settings/channels/${channel.channel}`} size="sm">{t('health.setUp')}</Anchor>}
              <StatusBadge tone={tone}>{word}</StatusBadge>
            </Group>
          </div>
        );
      })}
      <div className={classes.row}>
        <div className={classes.rowMain}>
          <Text size="sm" fw={500}>{t('health.inbox')}</Text>
          <Text size="xs" c="dimmed">{t('health.inboxText')}</Text>
        </div>
        <StatusBadge tone={health.inbox > 10_000 ? 'wait' : 'good'}>{health.inbox === 0 ? t('health.inboxNone') : formats.number(health.inbox)}</StatusBadge>
      </div>
    </Panel>
  );
}
