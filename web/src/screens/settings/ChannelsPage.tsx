import { Button, Card, Group, SimpleGrid, Skeleton, Stack, Text, ThemeIcon } from '@mantine/core';
import { IconBell, IconBrowser, IconDeviceMobileMessage, IconMail, IconMessageCircle, IconWebhook } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { StatusBadge } from '../../parts/StatusBadge';
import { CAN_BE_SET_UP, type Channel, useChannels } from './channels';
import { Frame } from './Frame';

const ICONS = { email: IconMail, sms: IconDeviceMobileMessage, zalo: IconMessageCircle, push: IconBell, onsite: IconBrowser, webhook: IconWebhook };

export function stateOf(channel: Channel): { id: string; tone: 'good' | 'calm' | 'wait' } {
  if (channel.is_set_up) return channel.enabled ? { id: 'on', tone: 'good' } : { id: 'off', tone: 'wait' };
  if (channel.channel === 'webhook') return { id: 'ready', tone: 'good' };
  return CAN_BE_SET_UP.includes(channel.channel) ? { id: 'none', tone: 'calm' } : { id: 'later', tone: 'calm' };
}

export default function ChannelsPage() {
  const { t } = useTranslation('settings');
  const query = useChannels();
  return (
    <Frame at="channels" text={t('channels.text')}>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : (
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {query.isPending && [1, 2, 3, 4].map((one) => <Skeleton key={one} h={150} radius="lg" />)}
          {query.data?.map((channel) => {
            const Icon = ICONS[channel.channel] ?? IconMail;
            const state = stateOf(channel);
            const isOpen = channel.is_set_up || CAN_BE_SET_UP.includes(channel.channel);
            return (
              <Card key={channel.channel} component="section" aria-label={t(`channel.${channel.channel}`)}>
                <Stack gap="sm" h="100%" justify="space-between">
                  <div>
                    <Group justify="space-between" wrap="nowrap" mb={6}>
                      <Group gap="sm" wrap="nowrap">
                        <ThemeIcon size={36} variant="light" color={isOpen ? 'clay' : 'gray'} radius="md"><Icon size={20} stroke={1.7} aria-hidden /></ThemeIcon>
                        <Text fw={600}>{t(`channel.${channel.channel}`)}</Text>
                      </Group>
                      <StatusBadge tone={state.tone}>{t(`channels.state.${state.id}`)}</StatusBadge>
                    </Group>
                    <Text size="sm" c="dimmed">{t(`channels.about.${channel.channel}`)}</Text>
                    {channel.from && <Text size="sm" mt={6}>{t('channels.from', { address: channel.from.address })}</Text>}
                  </div>
                  {isOpen && (
                    <Group justify="space-between">
                      <Button component={Link} to={`/settings/channels/${channel.channel}`} variant={channel.is_set_up ? 'default' : 'light'} aria-label={`${channel.is_set_up ? t('channels.change') : t('channels.setUp')}: ${t(`channel.${channel.channel}`)}`}>
                        {channel.is_set_up ? t('channels.change') : t('channels.setUp')}
                      </Button>
                      {channel.updated_at && <Text size="xs" c="dimmed">{t('channels.updated')} <When at={channel.updated_at} /></Text>}
                    </Group>
                  )}
                </Stack>
              </Card>
            );
          })}
        </SimpleGrid>
      )}
    </Frame>
  );
}
