/**
 * How money, numbers and instants are written: in the language of whoever reads, the currency and the time zone of
 * the shop. Nothing else in the app formats by itself; `format` has the components.
 */
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useShop } from '../app/session';

export interface Formats {
  /** An amount in minor units: 199000 is 199.000 ₫. */
  money: (minor: number, currency?: string) => string;
  /** As `money`, short: 1,2 triệu ₫. */
  moneyShort: (minor: number, currency?: string) => string;
  number: (value: number, digits?: number) => string;
  short: (value: number) => string;
  /** A share from 0 to 1: 12,5 %. */
  percent: (share: number, digits?: number) => string;
  date: (iso: string | number | Date) => string;
  dateTime: (iso: string | number | Date) => string;
  time: (iso: string | number | Date) => string;
  /** `hôm nay`, `3 ngày trước`, else the date. */
  ago: (iso: string | number | Date, now?: number) => string;
  bytes: (count: number) => string;
  /** A length of time in milliseconds: 2 giờ 5 phút. */
  duration: (ms: number) => string;
  timeZone: string;
  currency: string;
  locale: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Making one of these takes longer than using it a hundred times. */
const made = new Map<string, unknown>();

function kept<O extends object, T>(Kind: new (locale: string, options: O) => T, locale: string, options: O): T {
  const key = `${Kind.name} ${locale} ${JSON.stringify(options)}`;
  const known = made.get(key) as T | undefined;
  if (known) return known;
  const fresh = new Kind(locale, options);
  made.set(key, fresh);
  return fresh;
}

const numbers = (locale: string, options: Intl.NumberFormatOptions) => kept(Intl.NumberFormat as new (locale: string, options: Intl.NumberFormatOptions) => Intl.NumberFormat, locale, options);
const dates = (locale: string, options: Intl.DateTimeFormatOptions) => kept(Intl.DateTimeFormat as new (locale: string, options: Intl.DateTimeFormatOptions) => Intl.DateTimeFormat, locale, options);
const lapses = (locale: string, options: Intl.RelativeTimeFormatOptions) => kept(Intl.RelativeTimeFormat, locale, options);

/** Digits after the point of a currency, as Intl knows them: 0 for VND, 2 for USD. */
export function minorDigits(currency: string): number {
  try {
    return numbers('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 0;
  } catch {
    return 0;
  }
}

/** Vietnamese counts in nghìn, triệu and tỷ; Intl writes them as letters that nobody says. */
const STEPS = [
  { from: 1e9, word: 'tỷ' },
  { from: 1e6, word: 'triệu' },
  { from: 1e4, word: 'nghìn' },
];

function shortVietnamese(value: number): string {
  const step = STEPS.find(({ from }) => Math.abs(value) >= from);
  const unit = step ? Math.min(step.from, step.word === 'nghìn' ? 1e3 : step.from) : 1;
  const text = numbers('vi-VN', { maximumFractionDigits: step ? 1 : 0 }).format(value / unit);
  return step ? `${text} ${step.word}` : text;
}

export function makeFormats(language: string, currencyOfShop: string, timeZone: string): Formats {
  const locale = language === 'en' ? 'en-GB' : 'vi-VN';
  const number = (value: number, digits = 0) =>
    numbers(locale, { maximumFractionDigits: digits, minimumFractionDigits: 0 }).format(value);
  const money = (minor: number, currency = currencyOfShop, options: Intl.NumberFormatOptions = {}) => {
    const digits = minorDigits(currency);
    return numbers(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...options }).format(minor / 10 ** digits);
  };
  const at = (iso: string | number | Date, options: Intl.DateTimeFormatOptions) => {
    const instant = new Date(iso);
    return Number.isNaN(instant.getTime()) ? '' : dates(locale, { timeZone, ...options }).format(instant);
  };
  const day = { day: '2-digit', month: '2-digit', year: 'numeric' } as const;
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const date = (iso: string | number | Date) => at(iso, day);
  const time = (iso: string | number | Date) => at(iso, clock);
  const unit = (value: number, name: string) => numbers(locale, { style: 'unit', unit: name, unitDisplay: 'long' }).format(value);
  return {
    locale,
    timeZone,
    currency: currencyOfShop,
    number,
    money: (minor, currency) => money(minor, currency),
    moneyShort: (minor, currency = currencyOfShop) =>
      language !== 'en' && currency === 'VND'
        ? `${shortVietnamese(minor)} ₫`
        : money(minor, currency, { notation: 'compact', maximumFractionDigits: 1, minimumFractionDigits: 0 }),
    short: (value) => language !== 'en' ? shortVietnamese(value) : numbers(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value),
    percent: (share, digits = 1) => numbers(locale, { style: 'percent', maximumFractionDigits: digits }).format(share),
    date,
    time,
    dateTime: (iso) => `${time(iso)} ${date(iso)}`.trim(),
    ago(iso, now = Date.now()) {
      const passed = now - new Date(iso).getTime();
      if (Number.isNaN(passed)) return '';
      const relative = lapses(locale, { numeric: 'auto' });
      const size = Math.abs(passed);
      if (size < MINUTE) return relative.format(0, 'second');
      if (size < HOUR) return relative.format(-Math.round(passed / MINUTE), 'minute');
      if (size < DAY) return relative.format(-Math.round(passed / HOUR), 'hour');
      if (size < 7 * DAY) return relative.format(-Math.round(passed / DAY), 'day');
      return date(iso);
    },
    bytes(count) {
      const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
      let size = count;
      let at = 0;
      while (size >= 1_000 && at < units.length - 1) {
        size /= 1_000;
        at += 1;
      }
      return numbers(locale, { style: 'unit', unit: units[at], unitDisplay: 'short', maximumFractionDigits: at === 0 ? 0 : 1 }).format(size);
    },
    duration(ms) {
      const parts: [number, string][] = [
        [Math.floor(ms / DAY), 'day'], [Math.floor((ms % DAY) / HOUR), 'hour'], [Math.floor((ms % HOUR) / MINUTE), 'minute'],
        [Math.floor((ms % MINUTE) / 1_000), 'second'],
      ];
      const told = parts.filter(([value]) => value > 0).slice(0, 2);
      return told.length === 0 ? unit(0, 'second') : told.map(([value, name]) => unit(value, name)).join(' ');
    },
  };
}

const FormatsContext = createContext<Formats | null>(null);

/** Around everything: what is written in hundreds of places asks only once for the shop and the language. */
export function FormatsProvider({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  const { currency, timeZone } = useShop();
  const formats = useMemo(() => makeFormats(i18n.language, currency, timeZone), [i18n.language, currency, timeZone]);
  return <FormatsContext value={formats}>{children}</FormatsContext>;
}

export function useFormats(): Formats {
  const formats = useContext(FormatsContext);
  if (!formats) throw new Error('there are no formats around this part');
  return formats;
}
