/** What a customer likes to buy, when they need it again, and when and where they read. */
import { Badge, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../../api';
import { dayOf } from '../../../../parts/days';
import { Percent, useFormats } from '../../../../parts/format';
import { dayOfYear, dayRange } from '../../../../parts/foreseen';
import { Panel } from '../../../../parts/Panel';
import { useWords } from '../../../../parts/Reason';
import type { Profile } from '../use';
import classes from './foreseen.module.css';
import { Label } from './NextOrder';

const SHOWN = 3;

export function Habits({ profile }: { profile: Profile }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const words = useWords();
  const query = useQuery({ queryKey: ['people', profile.id, 'habits'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/habits', { params: { path: { id: profile.id } } })), retry: false });
  const told = query.data;
  // What is not known yet is said by the card of predictions above; here it would only be said once more.
  if (!told || told.unknown) return null;
  const today = dayOf(told.as_of, formats.timeZone);
  const liked = [...told.categories.slice(0, SHOWN), ...told.brands.slice(0, SHOWN)];
  const own = told.best_times.filter((one) => one.reads > 0 && one.channel !== 'any');
  const best = own.find((one) => one.channel === told.preferred_channel) ?? [...own].sort((a, b) => b.reads - a.reads)[0];
  const isEmpty = liked.length === 0 && told.replenish.length === 0 && !best && !told.preferred_channel && !told.price_level && !told.cart;
  if (isEmpty) return null;
  const minutes = told.cart?.best_delay_minutes;
  return (
    <Panel title={t('person.habits')} data-habits>
      <Stack gap="md">
        {liked.length > 0 && (
          <div>
            <Label text={t('person.likes')} help={t('person.likesHelp')} />
            <Group gap={6} mt={4}>{liked.map((one) => <Badge key={one.name} variant="light" color="gray" tt="none">{one.name} · {formats.percent(one.share, 0)}</Badge>)}</Group>
          </div>
        )}
        {(told.price_level || told.discount_affinity != null) && (
          <div>
            {told.price_level && <div className={classes.pair}><Text size="sm" c="dimmed">{t('person.priceLevel')}</Text><strong>{t(`person.level.${told.price_level}`)}</strong></div>}
            {told.discount_affinity != null && <div className={classes.pair}><Label text={t('person.discounts')} help={t('person.discountsHelp')} /><strong><Percent value={told.discount_affinity} digits={0} /></strong></div>}
          </div>
        )}
        {told.replenish.length > 0 && (
          <div>
            <Label text={t('person.again')} help={t('person.againHelp')} />
            {told.replenish.slice(0, SHOWN).map((one) => {
              const [low, high] = dayRange(one.low_on, one.high_on, today);
              return (
                <div key={one.category} className={classes.pair} style={{ marginTop: 4 }}>
                  <span>{one.category}</span>
                  <Text span size="sm" ta="right"><strong className="ql-num">{t('person.about', { day: dayOfYear(one.due_on, today) })}</strong><Text span size="xs" c="dimmed" display="block" className="ql-num">{t('person.range', { low, high })}</Text></Text>
                </div>
              );
            })}
          </div>
        )}
        {(told.preferred_channel || best) && (
          <div>
            {told.preferred_channel && <div className={classes.pair}><Label text={t('person.channel')} help={t('person.channelHelp')} /><strong>{words.channel(told.preferred_channel)}</strong></div>}
            {best && <div className={classes.pair}><Label text={t('person.reads', { channel: words.channelWithin(best.channel) })} help={t('person.readsHelp')} /><strong className="ql-num">{t('person.clock', { hour: best.hour, day: t(`weekday.${best.weekday}`) })}</strong></div>}
          </div>
        )}
        {told.cart && (
          <div>
            {told.cart.buys_alone != null && <div className={classes.pair}><Label text={t('person.cart')} help={t('person.cartHelp')} /><strong><Percent value={told.cart.buys_alone} digits={0} /></strong></div>}
            {minutes !== undefined && <div className={classes.pair}><Text size="sm" c="dimmed">{t('person.delay')}</Text><strong>{t('person.delayAfter', { time: formats.duration(minutes * 60_000) })}</strong></div>}
          </div>
        )}
      </Stack>
    </Panel>
  );
}
