/** From whom the audience named to what came back. People on one line; machines stand apart and count in nothing. */
import { Group, Stack, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconRobot } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session';
import { Money, Num, Percent } from '../../parts/format';
import type { Result } from './CampaignPage';
import classes from './Funnel.module.css';
import { share } from './model';

export function Funnel({ result, currency, open }: { result: Result; currency: string; open: (step?: string) => void }) {
  const { t } = useTranslation('campaigns');
  const mayRead = useMay('people.read');
  const allowed = result.audience - result.refused;
  const steps = [
    { id: 'named', people: result.named },
    { id: 'audience', people: result.audience, to: 'all' },
    { id: 'allowed', people: allowed },
    { id: 'accepted', people: result.accepted, to: 'sent' },
    { id: 'opened', people: result.opened, to: 'opened' },
    { id: 'clicked', people: result.clicked, to: 'clicked' },
    { id: 'ordered', people: result.orders, isOrders: true },
  ];
  const most = Math.max(1, ...steps.map((step) => step.people));
  return (
    <Stack gap="md">
      <ol className={classes.steps}>
        {steps.map((step, at) => {
          const before = steps[at - 1];
          const inside = (
            <>
              <Text size="sm" className={classes.label}>{t(`step.${step.id}`)}</Text>
              <div className={classes.track} aria-hidden>{step.people > 0 && <div className={classes.fill} style={{ width: `${(step.people / most) * 100}%` }} data-at={at} />}</div>
              <Text className={classes.value} fw={600}><Num value={step.people} /></Text>
              <Text size="xs" c="dimmed" className={classes.rate}>{before && !step.isOrders ? <Percent value={share(step.people, before.people)} /> : step.isOrders ? <Money value={result.revenue} currency={currency} short /> : ''}</Text>
            </>
          );
          return (
            <li key={step.id}>
              {mayRead && step.to ? <UnstyledButton className={classes.step} onClick={() => open(step.to)}>{inside}<VisuallyHidden>{t('funnel.open')}</VisuallyHidden></UnstyledButton> : <div className={classes.step}>{inside}</div>}
            </li>
          );
        })}
      </ol>
      <Group gap="lg">
        <Group gap={6} wrap="nowrap">
          <IconRobot size={18} aria-hidden color="var(--mantine-color-dimmed)" />
          <Text size="sm" c="dimmed">{t('funnel.machine', { count: result.machine })} <Num value={result.machine} /></Text>
        </Group>
        <Text size="sm" c="dimmed">{t('step.unsubscribed')}: <Num value={result.unsubscribed} /> (<Percent value={share(result.unsubscribed, result.accepted)} digits={2} />)</Text>
        {result.unknown > 0 && <Text size="sm" c="dimmed">{t('step.unknown')}: <Num value={result.unknown} /></Text>}
        {result.merged > 0 && <Text size="sm" c="dimmed">{t('step.merged')}: <Num value={result.merged} /></Text>}
        {result.gone > 0 && <Text size="sm" c="dimmed">{t('step.gone')}: <Num value={result.gone} /></Text>}
      </Group>
    </Stack>
  );
}
