/** A schedule in plain words, in the language of whoever reads. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../parts/format';
import { type Schedule, WEEKDAYS } from './model';

const OFFSET = /(Z|[+-]\d\d:?\d\d)$/;

/** `2027-03-08T09:00` of the wall clock as `09:00 08/03/2027`. */
export function wallClock(local: string): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}:\d{2})/.exec(local);
  return found ? `${found[4]} ${found[3]}/${found[2]}/${found[1]}` : local;
}

export function useScheduleWords(): (schedule: Schedule) => string {
  const { t, i18n } = useTranslation('campaigns');
  const formats = useFormats();
  return useMemo(() => {
    const list = (parts: string[]) => new Intl.ListFormat(formats.locale, { type: 'conjunction' }).format(parts);
    return (schedule: Schedule) => {
      if (schedule.type === 'now') return t('words.now');
      if (schedule.type === 'at') {
        return t('words.at', { at: OFFSET.test(schedule.at) ? formats.dateTime(schedule.at) : wallClock(schedule.at) });
      }
      if (schedule.type === 'local' && schedule.best_hour) return t('words.bestHour', { date: wallDate(schedule.at.slice(0, 10)) });
      if (schedule.type === 'local') return t('words.local', { at: wallClock(schedule.at) });
      const count = schedule.interval ?? 1;
      const days =
        schedule.every === 'week'
          ? list(WEEKDAYS.filter((day) => schedule.weekdays?.includes(day)).map((day) => t(`weekday.${day}`)))
          : list([...(schedule.days ?? [])].sort((a, b) => a - b).map(String));
      let words = count === 1 ? t(`words.every.${schedule.every}`, { days }) : t(`words.everyN.${schedule.every}`, { count, days });
      words = t('words.time', { rule: words, time: schedule.time });
      if (schedule.zone === 'recipient') words = t('words.recipient', { rule: words });
      if (schedule.from) words = t('words.from', { rule: words, date: wallDate(schedule.from) });
      if (schedule.until) words = t('words.until', { rule: words, date: wallDate(schedule.until) });
      return words;
    };
  }, [t, i18n.language, formats]);
}

/** `2027-03-08` as `08/03/2027`. */
export function wallDate(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}/${month}/${year}`;
}
