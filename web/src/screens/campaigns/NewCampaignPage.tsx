/** The first words about a campaign: its name and its channel. Then it is a draft that keeps itself. */
import { Button, Group, Radio, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconBell, IconBrandMessenger, IconDeviceMobileMessage, IconMail } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/Reason';
import { StatusBadge } from '../../parts/StatusBadge';
import classes from './composer.module.css';
import { CHANNELS, type ChannelName } from './model';

const ICONS = { email: IconMail, sms: IconDeviceMobileMessage, zalo: IconBrandMessenger, push: IconBell };

interface Search {
  segment?: string;
  list?: string;
  template?: string;
  channel?: ChannelName;
}

export const channelsQuery = {
  queryKey: ['settings', 'channels'],
  queryFn: () => call(api.GET('/api/v1/channels')),
};

export default function NewCampaignPage() {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const navigate = useNavigate();
  const asked = useSearch({ strict: false }) as Search;
  const [name, setName] = useState('');
  const [channel, setChannel] = useState<ChannelName>(asked.channel ?? 'email');
  const [isTried, setTried] = useState(false);
  const channels = useQuery(channelsQuery);
  const make = useMutation({
    mutationFn: () =>
      call(api.POST('/api/v1/campaigns', {
        headers: onceKey(),
        body: {
          name: name.trim(), channel, template: asked.template ?? '',
          audience: { segments: asked.segment ? [asked.segment] : [], lists: asked.list ? [asked.list] : [], everybody: false },
        } as never,
      })),
    onSuccess: async (made) => {
      await refresh('campaigns');
      void navigate({ to: `/campaigns/${made.id}/edit`, replace: true });
    },
  });
  const isNameless = isTried && !name.trim();
  return (
    <Page title={t('new.title')} text={t('new.text')} above={[{ title: t('list.title'), to: '/campaigns' }]}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim()) make.mutate();
        }}
      >
        <Stack gap="xl" maw={760}>
          <TextInput
            size="md" label={t('new.name')} description={t('new.nameText')} placeholder={t('new.nameExample')} value={name} maxLength={200} data-autofocus autoFocus
            onChange={(event) => setName(event.currentTarget.value)} error={isNameless ? t('new.nameless') : undefined}
          />
          <Radio.Group label={t('new.channel')} value={channel} onChange={(value) => setChannel(value as ChannelName)}>
            <SimpleGrid cols={{ base: 1, xs: 2 }} mt="xs">
              {CHANNELS.map((one) => {
                const Icon = ICONS[one];
                const setUp = channels.data?.items.find((found) => found.channel === one);
                const works = setUp?.is_set_up && setUp.enabled;
                return (
                  <Radio.Card key={one} value={one} className={classes.card} aria-label={words.channel(one)}>
                    <Group wrap="nowrap" align="flex-start">
                      <Icon size={24} stroke={1.6} aria-hidden />
                      <div style={{ flex: 1 }}>
                        <Group gap="xs" justify="space-between">
                          <Text fw={600}>{words.channel(one)}</Text>
                          {channels.data && !works && <StatusBadge tone="wait">{t('new.notSetUp')}</StatusBadge>}
                        </Group>
                        <Text size="sm" c="dimmed">{t(`new.about.${one}`)}</Text>
                      </div>
                    </Group>
                  </Radio.Card>
                );
              })}
            </SimpleGrid>
          </Radio.Group>
          {make.error && <ErrorNote error={make.error} />}
          <Group>
            <Button type="submit" size="md" loading={make.isPending}>{t('new.deed')}</Button>
            <Text size="sm" c="dimmed">{t('new.nothingGoes')}</Text>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}
