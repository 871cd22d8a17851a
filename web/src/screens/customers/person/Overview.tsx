import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { IconShoppingCart } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { Money, Num, When } from '../../../parts/format';
import { Panel } from '../../../parts/Panel';
import { useWords } from '../../../parts/Reason';
import { StatusBadge } from '../../../parts/StatusBadge';
import { Suggested } from '../../recommendations/Suggested';
import { Foreseen } from './foreseen';
import { Habits } from './foreseen/Habits';
import classes from './person.module.css';
import { Timeline } from './Timeline';
import type { Profile } from './use';

const CHANNELS = ['email', 'sms', 'zalo', 'push'];

function Cart({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const { cart } = profile;
  return (
    <Panel title={t('cart.title')} actions={cart?.abandoned_at ? <StatusBadge tone="wait">{t('cart.left')}</StatusBadge> : undefined}>
      {!cart || cart.lines.length === 0 ? (
        <Group gap="xs" c="dimmed"><IconShoppingCart size={18} aria-hidden /><Text size="sm">{t('cart.empty')}</Text></Group>
      ) : (
        <>
          {cart.lines.map((line) => (
            <div key={`${line.product_id}-${line.variant ?? ''}`} className={classes.line}>
              <div style={{ minWidth: 0 }}>
                <Text size="sm" lineClamp={2}>{line.name ?? line.product_id}</Text>
                <Text size="xs" c="dimmed">{line.variant && `${line.variant} · `}<Num value={line.quantity} /> × <Money value={line.price} currency={cart.currency} /></Text>
              </div>
              <Text size="sm" fw={500}><Money value={line.total} currency={cart.currency} /></Text>
            </div>
          ))}
          <div className={classes.line}>
            <Text size="sm" c="dimmed">{t('cart.updated')} <When at={cart.updated_at} /></Text>
            <Text fw={600}><Money value={cart.total} currency={cart.currency} /></Text>
          </div>
        </>
      )}
    </Panel>
  );
}

function Under({ profile, go }: { profile: Profile; go: (tab: 'journeys') => void }) {
  const { t } = useTranslation('customers');
  const runs = useQuery({ queryKey: ['people', profile.id, 'runs'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/runs', { params: { path: { id: profile.id } } })) });
  const journeys = useQuery({ queryKey: ['journeys', 'names'], queryFn: async () => (await call(api.GET('/api/v1/journeys'))).items });
  const active = (runs.data?.items ?? []).filter((one) => one.state === 'active');
  return (
    <Panel title={t('under.title')} actions={<Button variant="subtle" size="compact-sm" onClick={() => go('journeys')}>{t('under.all')}</Button>}>
      {active.length === 0 ? <Text size="sm" c="dimmed">{t('under.none')}</Text> : active.map((run) => (
        <div key={run.id} className={classes.line}>
          <Text size="sm" style={{ minWidth: 0 }}>{journeys.data?.find((one) => one.id === run.journey_id)?.name ?? run.journey_id}</Text>
          <Text size="xs" c="dimmed">{run.due_at ? <>{t('under.goesOn')} <When at={run.due_at} full /></> : t('under.waits')}</Text>
        </div>
      ))}
    </Panel>
  );
}

function Reach({ profile, go }: { profile: Profile; go: (tab: 'consents') => void }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  return (
    <Panel title={t('reach.title')} actions={<Button variant="subtle" size="compact-sm" onClick={() => go('consents')}>{t('reach.all')}</Button>}>
      {CHANNELS.map((channel) => {
        const held = profile.consents[`${channel}.marketing`];
        const tone = held?.state === 'granted' ? 'good' : held?.state === 'denied' ? 'bad' : held ? 'wait' : 'calm';
        return (
          <div key={channel} className={classes.line}>
            <Text size="sm">{words.channel(channel)}</Text>
            <StatusBadge tone={tone}>{held ? words.consentState(held.state) : t('reach.unknown')}</StatusBadge>
          </div>
        );
      })}
    </Panel>
  );
}

export function Overview({ profile, go }: { profile: Profile; go: (tab: 'journeys' | 'consents') => void }) {
  const { t } = useTranslation('customers');
  return (
    <div className={classes.columns}>
      <Panel title={t('tab.timeline')}><Timeline profile={profile} /></Panel>
      <Stack gap="md">
        <Foreseen profile={profile} />
        <Habits profile={profile} />
        <Cart profile={profile} />
        <Suggested profile={profile.id} />
        <Under profile={profile} go={go} />
        <Reach profile={profile} go={go} />
        {profile.cart?.url && <Anchor href={profile.cart.url} target="_blank" rel="noreferrer" size="sm">{t('cart.open')}</Anchor>}
      </Stack>
    </div>
  );
}
