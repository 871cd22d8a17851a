/** What goes on which day: runs that were, and runs that will be. */
import { ActionIcon, Anchor, Box, Button, Group, Paper, SegmentedControl, Skeleton, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight, IconRepeat } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { useWords } from '../../parts/Reason';
import { STATE_TONES } from './model';
import classes from './Calendar.module.css';

type Run = Schema<'CalendarRun'>;

const DAY = 86_400_000;

/** A day as its instant at midnight UTC: days are counted without time zones. */
type Day = number;

function dayOf(iso: string | number, timeZone: string): Day {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(iso));
  return Date.parse(`${parts}T00:00:00Z`);
}

function monday(day: Day): Day {
  return day - ((new Date(day).getUTCDay() + 6) % 7) * DAY;
}

function monthStart(day: Day): Day {
  const date = new Date(day);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

export default function Calendar() {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const words = useWords();
  const isNarrow = useMediaQuery('(max-width: 48em)') ?? false;
  const today = dayOf(Date.now(), formats.timeZone);
  const [span, setSpan] = useState<'month' | 'week'>('month');
  const [at, setAt] = useState<Day>(today);
  const first = span === 'week' ? monday(at) : monday(monthStart(at));
  const month = new Date(at).getUTCMonth();
  const count = useMemo(() => {
    if (span === 'week') return 7;
    const date = new Date(at);
    const last = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0);
    return (monday(last) - first) / DAY + 7;
  }, [span, at, first]);
  const query = useQuery({
    queryKey: ['campaigns', 'calendar', first, count],
    // A day more on both sides: the shop's days are not those of UTC.
    queryFn: () => call(api.GET('/api/v1/campaigns/calendar', { params: { query: { from: new Date(first - DAY).toISOString(), until: new Date(first + (count + 1) * DAY).toISOString() } } })),
  });
  const byDay = useMemo(() => {
    const found = new Map<Day, Run[]>();
    for (const run of query.data?.items ?? []) {
      const day = dayOf(run.at, formats.timeZone);
      found.set(day, [...(found.get(day) ?? []), run]);
    }
    return found;
  }, [query.data, formats.timeZone]);
  const days = Array.from({ length: count }, (_, index) => first + index * DAY);
  const name = (day: Day, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(formats.locale, { timeZone: 'UTC', ...options }).format(new Date(day));
  const move = (by: number) => {
    if (span === 'week') return setAt(at + by * 7 * DAY);
    const date = new Date(at);
    setAt(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by, 1));
  };
  const title = span === 'week' ? t('calendar.week', { from: name(first, { day: '2-digit', month: '2-digit' }), to: name(first + 6 * DAY, { day: '2-digit', month: '2-digit', year: 'numeric' }) }) : name(at, { month: 'long', year: 'numeric' });
  const shown = isNarrow ? days.filter((day) => (byDay.get(day)?.length ?? 0) > 0 && (span === 'week' || new Date(day).getUTCMonth() === month)) : days;
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Group gap="xs">
          <ActionIcon variant="default" size="lg" aria-label={t('calendar.before')} onClick={() => move(-1)}><IconChevronLeft size={18} aria-hidden /></ActionIcon>
          <ActionIcon variant="default" size="lg" aria-label={t('calendar.after')} onClick={() => move(1)}><IconChevronRight size={18} aria-hidden /></ActionIcon>
          <Button variant="default" onClick={() => setAt(today)}>{t('calendar.today')}</Button>
          <Title order={2} size="h3" ml="xs" style={{ textTransform: 'capitalize' }} aria-live="polite">{title}</Title>
        </Group>
        <SegmentedControl
          aria-label={t('calendar.span')} value={span} onChange={(value) => setSpan(value as 'month' | 'week')}
          data={[{ value: 'month', label: t('calendar.byMonth') }, { value: 'week', label: t('calendar.byWeek') }]}
        />
      </Group>
      {query.error && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {query.data?.cut && <Note tone="wait">{t('calendar.cut')}</Note>}
      {query.isPending ? (
        <Skeleton h={520} radius="lg" />
      ) : (
        <Paper withBorder className={classes.sheet} data-span={span}>
          {!isNarrow && days.slice(0, 7).map((day) => <div key={day} className={classes.head}>{name(day, { weekday: 'short' })}</div>)}
          {isNarrow && shown.length === 0 && <Text p="lg" c="dimmed" ta="center">{t('calendar.none')}</Text>}
          {shown.map((day) => (
            <Box key={day} className={classes.day} data-today={day === today || undefined} data-other={(span === 'month' && new Date(day).getUTCMonth() !== month) || undefined}>
              <Text size="sm" fw={600} className={classes.number}>
                <span aria-hidden>{isNarrow ? name(day, { weekday: 'long', day: '2-digit', month: '2-digit' }) : new Date(day).getUTCDate()}</span>
                <VisuallyHidden>{name(day, { weekday: 'long', day: 'numeric', month: 'long' })}</VisuallyHidden>
              </Text>
              <Stack gap={4}>
                {(byDay.get(day) ?? []).map((run, index) => (
                  <Anchor
                    key={`${run.campaign_id}-${run.run ?? `n${index}`}`} component={Link} to={`/campaigns/${run.campaign_id}`} underline="never" className={classes.run}
                    style={{ '--tone': `var(--ql-${STATE_TONES[run.run === null || run.run === undefined ? (run.state === 'paused' ? 'paused' : 'scheduled') : run.state] ?? 'calm'})`, '--tint': `var(--ql-${STATE_TONES[run.run === null || run.run === undefined ? (run.state === 'paused' ? 'paused' : 'scheduled') : run.state] ?? 'calm'}-tint)` } as React.CSSProperties}
                  >
                    <Group gap={4} wrap="nowrap">
                      <Text span size="xs" fw={600} className="ql-num">{formats.time(run.at)}</Text>
                      {run.recurs && <IconRepeat size={12} role="img" aria-label={t('list.recurs')} />}
                    </Group>
                    <Text size="xs" lineClamp={2}>{run.name}</Text>
                    <VisuallyHidden>{words.channel(run.channel)}</VisuallyHidden>
                  </Anchor>
                ))}
              </Stack>
            </Box>
          ))}
        </Paper>
      )}
    </Stack>
  );
}
