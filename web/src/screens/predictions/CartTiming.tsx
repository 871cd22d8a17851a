/** Where reminders of carts are set up: what the shop has learned of them, and whether it is used. */
import { Anchor, Group, Progress, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { StatusBadge } from '../../parts/StatusBadge';
import { useChange, useSettings } from '../settings/settings';
import { type CartsReport, readCarts } from './report';
import { kindOf, useModels } from './use';

const MINUTE_MS = 60_000;
const REASONS = ['too_few_carts', 'too_few_bought', 'too_few_left_alone'] as const;

function Learned({ report }: { report: CartsReport }) {
  const { t } = useTranslation('carts');
  const formats = useFormats();
  const time = (minutes: number) => formats.duration(minutes * MINUTE_MS);
  const [best, ...rest] = [...report.delays].sort((a, b) => b.share - a.share);
  const carts = report.carts ?? 0;
  return (
    <Stack gap="sm">
      <Text size="sm">{t('learnedFrom', { count: carts, shown: formats.number(carts), alone: formats.number(report.boughtAlone ?? 0) })}</Text>
      {report.bySilence.length > 0 && (
        <div>
          <Text size="sm" fw={600}>{t('alone')}</Text>
          <Text size="xs" c="dimmed" mb={6}>{t('aloneText')}</Text>
          <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
            {report.bySilence.map((one) => (
              <Group key={one.minutes} component="li" gap="sm" wrap="nowrap">
                <Text size="sm" w={150}>{t('after', { time: time(one.minutes) })}</Text>
                <Progress value={100 * one.share} style={{ flex: 1 }} aria-hidden />
                <Text size="sm" className="ql-num" w={52} ta="right">{formats.percent(one.share, 0)}</Text>
              </Group>
            ))}
          </Stack>
        </div>
      )}
      {best && (
        <div>
          <Text size="sm" fw={600}>{t('best')}: {t('bestMost', { time: time(best.minutes), share: formats.percent(best.share, 0) })}</Text>
          <Text size="xs" c="dimmed">{t('bestText')} {rest.length > 0 && t('delaysOther', { list: rest.map((one) => `${time(one.minutes)} ${formats.percent(one.share, 0)}`).join(', ') })} {!report.fadesLearned && t('fades')}</Text>
        </div>
      )}
      <Text size="sm"><Text span size="sm" fw={600}>{t('sure')}: </Text>{report.serves === 'model' && report.model.auc !== null ? t('sureModel', { auc: formats.number(report.model.auc, 2) }) : t('sureSilence')}</Text>
    </Stack>
  );
}

/** `first`: said where the first step of the journey waits on top of it. */
export function CartTiming({ first, chosen }: { first?: boolean; chosen?: (isLearned: boolean) => void }) {
  const { t } = useTranslation('carts');
  const formats = useFormats();
  const models = useModels();
  const { settings } = useSettings();
  const change = useChange();
  const may = useMay('workspace.manage');
  if (models.error && !models.data) return <ErrorNote error={models.error} retry={() => void models.refetch()} />;
  if (!models.data || !settings) return <Skeleton h={140} radius="md" />;
  const learned = kindOf(models.data.items, 'carts');
  const fit = learned.serving ?? learned.refused;
  const report = fit ? readCarts(fit.report) : null;
  const why = REASONS.find((one) => one === report?.why);
  const fixed = formats.duration(settings.cart_abandoned_after_minutes * MINUTE_MS);
  const isLearned = settings.cart_abandoned_learned === true;
  const choose = async (value: string) => {
    try {
      await change.mutateAsync({ cart_abandoned_learned: value === 'learned' });
      chosen?.(value === 'learned');
      notify.done(t('saved'));
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Stack gap="md" data-cart-timing>
      {learned.serving && report ? <Learned report={report} /> : (
        <div>
          <StatusBadge tone="wait">{t('none')}</StatusBadge>
          <Text size="sm" mt={6}>{t('noneText')}</Text>
          {why && report && <Text size="sm" mt={6} fw={600}>{t(`missing.${why}`, { carts: formats.number(report.carts ?? 0), alone: formats.number(report.boughtAlone ?? 0) })}</Text>}
        </div>
      )}
      <div>
        <Text size="sm" fw={500} mb={4} id="cart-when">{t('when')}</Text>
        <SegmentedControl
          fullWidth aria-labelledby="cart-when" disabled={!may || change.isPending} value={isLearned ? 'learned' : 'fixed'} onChange={(value) => void choose(value)}
          data={[{ value: 'fixed', label: t('fixed', { time: fixed }) }, { value: 'learned', label: t('learned') }]}
        />
        <Text size="xs" c="dimmed" mt={4}>{isLearned && `${t('learnedOn', { time: fixed })} `}{t('everywhere')} {isLearned && first && t('zeroHint')}</Text>
      </div>
      <Text size="xs" c="dimmed">{t('voucher')}</Text>
      <Anchor component={Link} to="/predictions/carts" size="sm" underline="always">{t('more')}</Anchor>
    </Stack>
  );
}
