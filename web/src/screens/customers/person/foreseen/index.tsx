/**
 * What is forecast of a customer. The card is made of small pieces, each of which says by itself when there is nothing
 * to say; what others know of a customer gets a piece of its own beside them.
 */
import { Anchor, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconCrystalBall } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../../api';
import { useMay } from '../../../../app/session';
import { dayOf } from '../../../../parts/days';
import { ErrorNote } from '../../../../parts/ErrorNote';
import { useFormats, When } from '../../../../parts/format';
import { CHURN_TONES, readForeseen } from '../../../../parts/foreseen';
import { Panel } from '../../../../parts/Panel';
import { StatusBadge } from '../../../../parts/StatusBadge';
import type { Profile } from '../use';
import { Chances } from './Chances';
import { NextOrder } from './NextOrder';
import { Rfm } from './Rfm';
import { WinBack } from './WinBack';
import { Worth } from './Worth';

const UNKNOWN = ['no_model', 'no_orders', 'refused'] as const;

export function Foreseen({ profile }: { profile: Profile }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const maySee = useMay('setup.read');
  const query = useQuery({
    queryKey: ['people', profile.id, 'predictions'],
    queryFn: () => call(api.GET('/api/v1/profiles/{id}/predictions', { params: { path: { id: profile.id } } })),
  });
  if (query.error) return <Panel title={t('person.title')}><ErrorNote error={query.error} retry={() => void query.refetch()} /></Panel>;
  if (!query.data) return <Panel title={t('person.title')}><Stack gap="xs"><Skeleton h={44} /><Skeleton h={20} /><Skeleton h={96} /></Stack></Panel>;
  const told = query.data;
  const reason = UNKNOWN.find((one) => one === told.unknown);
  const foreseen = readForeseen(told);
  if (told.unknown) {
    return (
      <Panel title={t('person.title')} data-foreseen="unknown">
        <Group gap="sm" wrap="nowrap" align="flex-start" c="dimmed">
          <IconCrystalBall size={20} stroke={1.6} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
          <div>
            <Text size="sm" fw={600} c="var(--mantine-color-text)">{t('person.unknown')}</Text>
            <Text size="sm">{t(`person.why.${reason ?? 'other'}`)}</Text>
            {reason === 'no_model' && maySee && <Anchor component={Link} to={'/predictions' as string} size="sm">{t('person.how')}</Anchor>}
          </div>
        </Group>
      </Panel>
    );
  }
  const today = dayOf(told.as_of, formats.timeZone);
  return (
    <Panel
      title={t('person.title')} data-foreseen="known"
      actions={foreseen.churn ? <StatusBadge tone={CHURN_TONES[foreseen.churn]}>{t(`churn.${foreseen.churn}.name`)}</StatusBadge> : undefined}
    >
      <Stack gap="md">
        <NextOrder foreseen={foreseen} today={today} />
        <Chances foreseen={foreseen} />
        <Worth foreseen={foreseen} />
        <WinBack foreseen={foreseen} today={today} />
        <Rfm foreseen={foreseen} />
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed">{t('person.asOf')} <When at={told.as_of} dateOnly /></Text>
          {maySee && <Anchor component={Link} to={'/predictions/purchases' as string} size="xs" py={4}>{t('person.trust')}</Anchor>}
        </Group>
      </Stack>
    </Panel>
  );
}
