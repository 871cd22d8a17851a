import '@mantine/dates/styles.css';
import { Chip, Group, Input, List, NumberInput, Radio, SegmentedControl, Select, SimpleGrid, Skeleton, Stack, Switch, Text } from '@mantine/core';
import { DateInput, DateTimePicker, TimePicker } from '@mantine/dates';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCalendarEvent, IconClockHour4, IconRepeat, IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { settingsQuery } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../parts/Reason';
import classes from './composer.module.css';
import type { StepProps } from './ComposerPage';
import { type Late, type Recurring, type Schedule, WEEKDAYS } from './model';
import { useReach } from './Reach';
import { useScheduleWords, wallClock } from './schedule';

const ICONS = { now: IconSend, at: IconCalendarEvent, local: IconClockHour4, recurring: IconRepeat };

/** The wall clock of a zone now, as `2027-03-08T09:00`, some minutes later. */
export function wallNow(timeZone: string, laterMs = 0): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(Date.now() + laterMs));
  return parts.replace(' ', 'T').slice(0, 16);
}

/** The next full hour that is an hour away at least. */
function soon(timeZone: string): string {
  return `${wallNow(timeZone, 2 * 3_600_000).slice(0, 13)}:00`;
}

/** An instant of the schedule on the shop's wall clock. */
export function wallOf(at: string, timeZone: string): string {
  if (!/(Z|[+-]\d\d:?\d\d)$/.test(at)) return at.slice(0, 16);
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));
  return parts.replace(' ', 'T').slice(0, 16);
}

export function StepSchedule({ definition, change, isLocked }: StepProps) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const { schedule } = definition;
  const set = (next: Schedule) => change({ schedule: next });
  const choose = (type: string) => {
    if (type === schedule.type) return;
    const at = schedule.type === 'at' || schedule.type === 'local' ? wallOf(schedule.at, formats.timeZone) : soon(formats.timeZone);
    if (type === 'now') set({ type: 'now' });
    if (type === 'at') set({ type: 'at', at });
    if (type === 'local') set({ type: 'local', at, late: 'send' });
    if (type === 'recurring') set({ type: 'recurring', every: 'week', interval: 1, weekdays: ['mon'], time: '09:00', zone: 'shop' });
  };
  const locale = formats.locale === 'vi-VN' ? 'vi' : 'en';
  return (
    <>
      <Panel title={t('schedule.title')} text={t('schedule.text', { zone: formats.timeZone })}>
        <Stack gap="lg">
          <Radio.Group aria-label={t('schedule.title')} value={schedule.type} onChange={choose}>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              {(['now', 'at', 'local', 'recurring'] as const).map((type) => {
                const Icon = ICONS[type];
                return (
                  <Radio.Card key={type} value={type} className={classes.card} disabled={isLocked} aria-label={t(`schedule.type.${type}`)}>
                    <Group wrap="nowrap" align="flex-start">
                      <Icon size={22} stroke={1.6} aria-hidden style={{ flex: 'none' }} />
                      <div>
                        <Text fw={600} size="sm">{t(`schedule.type.${type}`)}</Text>
                        <Text size="xs" c="dimmed">{t(`schedule.about.${type}`)}</Text>
                      </div>
                    </Group>
                  </Radio.Card>
                );
              })}
            </SimpleGrid>
          </Radio.Group>
          {(schedule.type === 'at' || schedule.type === 'local') && (
            <DateTimePicker
              label={schedule.type === 'at' ? t('schedule.at') : t('schedule.localAt')} description={schedule.type === 'at' ? t('schedule.atText', { zone: formats.timeZone }) : t('schedule.localText')}
              valueFormat="HH:mm DD/MM/YYYY" locale={locale} maw={360} disabled={isLocked} minDate={wallNow(formats.timeZone).slice(0, 10)} timePickerProps={{ format: '24h' }}
              value={wallOf(schedule.at, formats.timeZone).replace('T', ' ')}
              onChange={(value) => value && set({ ...schedule, at: value.replace(' ', 'T').slice(0, 16) })}
            />
          )}
          {schedule.type === 'local' && (
            <Switch
              label={t('schedule.bestHour')} description={t('schedule.bestHourText')} disabled={isLocked}
              checked={schedule.best_hour ?? false} onChange={(event) => set({ ...schedule, best_hour: event.currentTarget.checked })}
            />
          )}
          {schedule.type === 'recurring' && <Rule rule={schedule} set={set} isLocked={isLocked} locale={locale} />}
          {(schedule.type === 'local' || (schedule.type === 'recurring' && schedule.zone === 'recipient')) && (
            <Radio.Group label={t('schedule.late')} value={schedule.late ?? 'send'} onChange={(value) => set({ ...schedule, late: value as Late })}>
              <Stack gap="xs" mt="xs">
                <Radio value="send" label={t('schedule.lateSend')} disabled={isLocked} />
                <Radio value="skip" label={t('schedule.lateSkip')} disabled={isLocked} />
              </Stack>
            </Radio.Group>
          )}
          <Upcoming schedule={schedule} />
        </Stack>
      </Panel>
      <Speed definition={definition} change={change} isLocked={isLocked} />
      <Rules channel={definition.channel} purpose={definition.purpose} />
    </>
  );
}

function Rule({ rule, set, isLocked, locale }: { rule: Recurring; set: (next: Schedule) => void; isLocked: boolean; locale: string }) {
  const { t } = useTranslation('campaigns');
  const pick = (every: Recurring['every']) => {
    const { weekdays: _, days: __, ...others } = rule;
    set({ ...others, every, ...(every === 'week' ? { weekdays: ['mon'] } : {}), ...(every === 'month' ? { days: [1] } : {}) });
  };
  return (
    <Stack gap="md">
      <Group align="flex-end" gap="sm">
        <NumberInput label={t('schedule.interval')} w={90} min={1} max={99} value={rule.interval ?? 1} allowDecimal={false} clampBehavior="strict" disabled={isLocked} onChange={(value) => typeof value === 'number' && value >= 1 && set({ ...rule, interval: value })} />
        <Select label={t('schedule.unit')} w={130} allowDeselect={false} disabled={isLocked} value={rule.every} onChange={(value) => value && pick(value as Recurring['every'])} data={(['day', 'week', 'month'] as const).map((every) => ({ value: every, label: t(`schedule.every.${every}`) }))} />
        <TimePicker label={t('schedule.time')} w={130} value={rule.time} disabled={isLocked} format="24h" hoursInputLabel={t('schedule.hours')} minutesInputLabel={t('schedule.minutes')} onChange={(value) => /^\d\d:\d\d/.test(value) && set({ ...rule, time: value.slice(0, 5) })} />
      </Group>
      {rule.every === 'week' && (
        <Input.Wrapper label={t('schedule.weekdays')} labelElement="div">
          <Chip.Group multiple value={rule.weekdays ?? []} onChange={(days) => days.length > 0 && set({ ...rule, weekdays: WEEKDAYS.filter((day) => days.includes(day)) })}>
            <Group gap={6} mt={4} role="group" aria-label={t('schedule.weekdays')}>
              {WEEKDAYS.map((day) => <Chip key={day} value={day} disabled={isLocked} size="sm">{t(`weekdayShort.${day}`)}</Chip>)}
            </Group>
          </Chip.Group>
        </Input.Wrapper>
      )}
      {rule.every === 'month' && (
        <Input.Wrapper label={t('schedule.days')} description={t('schedule.daysText')} labelElement="div">
          <Chip.Group multiple value={(rule.days ?? []).map(String)} onChange={(days) => days.length > 0 && set({ ...rule, days: days.map(Number).sort((a, b) => a - b) })}>
            <div className={classes.monthDays} role="group" aria-label={t('schedule.days')} style={{ marginTop: 6 }}>
              {Array.from({ length: 31 }, (_, at) => <Chip key={at} value={String(at + 1)} disabled={isLocked} size="xs" icon={<></>} styles={{ checkIcon: { display: 'none' }, label: { paddingInline: 8, width: '100%', justifyContent: 'center' } }}>{at + 1}</Chip>)}
            </div>
          </Chip.Group>
        </Input.Wrapper>
      )}
      <Input.Wrapper label={t('schedule.zone')} labelElement="div">
        <div style={{ marginTop: 4 }}>
          <SegmentedControl aria-label={t('schedule.zone')} disabled={isLocked} value={rule.zone ?? 'shop'} onChange={(value) => set({ ...rule, zone: value as 'shop' | 'recipient' })} data={[{ value: 'shop', label: t('schedule.zoneShop') }, { value: 'recipient', label: t('schedule.zoneRecipient') }]} />
        </div>
      </Input.Wrapper>
      <Group align="flex-end">
        <DateInput label={t('schedule.from')} placeholder={t('schedule.fromLaunch')} clearable valueFormat="DD/MM/YYYY" locale={locale} w={190} disabled={isLocked} value={rule.from ?? null} onChange={(from) => set({ ...rule, from: from ?? undefined })} />
        <DateInput label={t('schedule.until')} placeholder={t('schedule.forever')} clearable valueFormat="DD/MM/YYYY" locale={locale} w={190} disabled={isLocked} value={rule.until ?? null} minDate={rule.from} onChange={(until) => set({ ...rule, until: until ?? undefined })} />
      </Group>
    </Stack>
  );
}

function Upcoming({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const inWords = useScheduleWords();
  const [wanted] = useDebouncedValue(JSON.stringify(schedule), 250);
  const query = useQuery({
    queryKey: ['campaigns', 'upcoming', wanted],
    queryFn: () => call(api.POST('/api/v1/campaigns/upcoming', { body: { schedule: JSON.parse(wanted) as never } })),
    enabled: schedule.type !== 'now',
    placeholderData: (before) => before,
    retry: false,
  });
  if (schedule.type === 'now') return <Text size="sm" c="dimmed">{t('schedule.nowText')}</Text>;
  const runs = query.data?.runs ?? [];
  const said = inWords(schedule);
  return (
    <Note tone={query.data && runs.length === 0 ? 'bad' : 'accent'} title={said.charAt(0).toLocaleUpperCase(formats.locale) + said.slice(1)} aria-live="polite">
      {query.error ? (
        <ErrorNote error={query.error} />
      ) : query.isPending ? (
        <Skeleton h={60} />
      ) : runs.length === 0 ? (
        <Text size="sm">{t('schedule.past')}</Text>
      ) : schedule.type === 'recurring' ? (
        <>
          <Text size="sm" mb={4}>{t('schedule.next')}</Text>
          <List size="sm" type="ordered" spacing={2}>
            {runs.map((run) => <List.Item key={run.starts_at} className="ql-num">{run.local ? wallClock(run.local) : formats.dateTime(run.starts_at)}</List.Item>)}
          </List>
        </>
      ) : schedule.type === 'local' ? (
        <Text size="sm">{t('schedule.localBegins', { at: formats.dateTime(runs[0]?.starts_at ?? '') })}</Text>
      ) : (
        <Text size="sm">{t('schedule.begins', { at: formats.dateTime(runs[0]?.starts_at ?? '') })}</Text>
      )}
    </Note>
  );
}

function Speed({ definition, change, isLocked }: Pick<StepProps, 'definition' | 'change' | 'isLocked'>) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const reach = useReach(definition);
  const { rate } = definition;
  const people = reach.data?.channels.find((one) => one.channel === definition.channel)?.reachable ?? 0;
  const takes = rate ? (people / rate.count) * (rate.per === 'hour' ? 3_600_000 : 60_000) : 0;
  return (
    <Panel title={t('speed.title')} text={t('speed.text')}>
      <Stack gap="sm">
        <Switch label={t('speed.limit')} checked={!!rate} disabled={isLocked} onChange={(event) => change({ rate: event.currentTarget.checked ? { count: 1_000, per: 'hour' } : undefined })} />
        {rate && (
          <>
            <Group gap="xs" align="flex-end">
              <NumberInput label={t('speed.count')} w={140} min={1} max={1_000_000} value={rate.count} thousandSeparator={formats.locale === 'vi-VN' ? '.' : ','} decimalSeparator={formats.locale === 'vi-VN' ? ',' : '.'} allowDecimal={false} clampBehavior="strict" disabled={isLocked} onChange={(value) => typeof value === 'number' && value >= 1 && change({ rate: { ...rate, count: value } })} />
              <Select label={t('speed.per')} w={130} allowDeselect={false} value={rate.per} disabled={isLocked} onChange={(value) => value && change({ rate: { ...rate, per: value as 'minute' | 'hour' } })} data={[{ value: 'minute', label: t('speed.minute') }, { value: 'hour', label: t('speed.hour') }]} />
            </Group>
            {people > 0 && <Text size="sm" c="dimmed">{t('speed.takes', { people: formats.number(people), time: formats.duration(Math.max(60_000, takes)) })}</Text>}
          </>
        )}
      </Stack>
    </Panel>
  );
}

interface Policy {
  caps?: { channel?: string | null; count: number; hours: number }[];
  hours?: { channel: string; from: number; to: number }[];
  holdout_percent?: number;
  wait_hours_max?: number;
}

/** What the shop's own rules will do to it. They hold for all messages and are set once. */
function Rules({ channel, purpose }: { channel: string; purpose: string }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const formats = useFormats();
  const settings = useQuery(settingsQuery);
  const policy = (settings.data as { policy?: Policy } | undefined)?.policy;
  if (!policy) return null;
  const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const hours = (policy.hours ?? []).filter((one) => one.channel === channel);
  const caps = (policy.caps ?? []).filter((one) => !one.channel || one.channel === channel);
  return (
    <Panel title={t('rules.title')} text={t('rules.text')}>
      {purpose === 'transactional' ? (
        <Text size="sm">{t('rules.transactional')}</Text>
      ) : (
        <List size="sm" spacing={6}>
          {hours.map((one) => <List.Item key={`${one.from}-${one.to}`}>{t('rules.hours', { from: clock(one.from), to: clock(one.to), channel: words.channelWithin(channel) })}</List.Item>)}
          {hours.length === 0 && <List.Item>{t('rules.anyHour', { channel: words.channelWithin(channel) })}</List.Item>}
          {caps.map((one) => (
            <List.Item key={`${one.channel}-${one.count}-${one.hours}`}>
              {one.channel ? t('rules.cap', { count: one.count, channel: words.channelWithin(one.channel), time: formats.duration(one.hours * 3_600_000) }) : t('rules.capAll', { count: one.count, time: formats.duration(one.hours * 3_600_000) })}
            </List.Item>
          ))}
          {(policy.holdout_percent ?? 0) > 0 && <List.Item>{t('rules.holdout', { percent: formats.percent((policy.holdout_percent ?? 0) / 100, 0) })}</List.Item>}
          {policy.wait_hours_max && <List.Item>{t('rules.wait', { time: formats.duration(policy.wait_hours_max * 3_600_000) })}</List.Item>}
        </List>
      )}
    </Panel>
  );
}
