/**
 * What is forecast of a customer, read from the free-form `predicted` and `rfm` of the API. A field that is absent or
 * of another kind is not known.
 */
import type { Schema } from '../api';
import type { Tone } from '../theme/theme';

export const CHURN = ['active', 'cooling', 'at_risk', 'lost'] as const;
export type Churn = (typeof CHURN)[number];

/** Best first. */
export const RFM_GROUPS = [
  'champions', 'loyal', 'potential_loyal', 'new', 'promising', 'need_attention', 'about_to_sleep', 'at_risk', 'cannot_lose', 'hibernating', 'lost',
] as const;
export type RfmGroup = (typeof RFM_GROUPS)[number];

export const SPANS = ['30d', '90d', '365d'] as const;
export type Span = (typeof SPANS)[number];

export interface Range<T> {
  value: T;
  low: T | null;
  high: T | null;
}

export interface Foreseen {
  nextOrder: Range<string> | null;
  /** Shares from 0 to 1. */
  alive: number | null;
  buys30: number | null;
  orders: Record<Span, Range<number> | null>;
  /** In units of the shop's currency. */
  spend: Record<Span, Range<number> | null>;
  clv: number | null;
  rhythmDays: number | null;
  winBackAt: string | null;
  isWinBackDue: boolean;
  churn: Churn | null;
  rfm: { recency: number; frequency: number; monetary: number; group: RfmGroup | null } | null;
}

type Loose = Record<string, unknown>;

export const asNumber = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const asDay = (value: unknown): string | null => (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value) ? value.slice(0, 10) : null);

function range<T>(told: Loose, field: string, read: (value: unknown) => T | null): Range<T> | null {
  const value = read(told[field]);
  return value === null ? null : { value, low: read(told[`${field}_low`]), high: read(told[`${field}_high`]) };
}

export function readForeseen(told: Pick<Schema<'PersonForecast'>, 'predicted' | 'rfm'>): Foreseen {
  const predicted = (told.predicted ?? {}) as Loose;
  const rfm = (told.rfm ?? {}) as Loose;
  const spans = <T>(of: (span: Span) => T): Record<Span, T> => ({ '30d': of('30d'), '90d': of('90d'), '365d': of('365d') });
  const [recency, frequency, monetary] = [rfm.recency, rfm.frequency, rfm.monetary].map(asNumber);
  const isScored = typeof recency === 'number' && typeof frequency === 'number' && typeof monetary === 'number';
  return {
    nextOrder: range(predicted, 'next_order_at', asDay),
    alive: asNumber(predicted.alive),
    buys30: asNumber(predicted.buys_30d),
    orders: spans((span) => range(predicted, `orders_${span}`, asNumber)),
    spend: spans((span) => range(predicted, `spend_${span}`, asNumber)),
    clv: asNumber(predicted.clv),
    rhythmDays: asNumber(predicted.rhythm_days),
    winBackAt: asDay(predicted.win_back_at),
    isWinBackDue: predicted.win_back_due === true,
    churn: CHURN.find((one) => one === predicted.churn) ?? null,
    rfm: isScored ? { recency, frequency, monetary, group: RFM_GROUPS.find((one) => one === rfm.group) ?? null } : null,
  };
}

export const CHURN_TONES: Record<Churn, Tone> = { active: 'good', cooling: 'wait', at_risk: 'bad', lost: 'calm' };

/** Days from one day of the calendar to another, each as `2026-11-22`. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to.slice(0, 10)}T00:00:00Z`) - Date.parse(`${from.slice(0, 10)}T00:00:00Z`)) / 86_400_000);
}

/** `12/12`, or with its year where that would be unclear: more than ten months from today. */
export function dayOfYear(day: string, today: string): string {
  const [year = '', month = '', date = ''] = day.split('-');
  const isNear = Math.abs(daysBetween(today, day)) < 300;
  return isNear ? `${date}/${month}` : `${date}/${month}/${year}`;
}

/** The two ends of a range of days as they are written, the year once where both need it. */
export function dayRange(low: string, high: string, today: string): [string, string] {
  return [dayOfYear(low, today), dayOfYear(high, today)];
}
