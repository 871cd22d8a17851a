/** Days as the API names them, counted back from today in the shop's time zone. */
export const PERIODS = ['7', '30', '90'] as const;
export type Period = (typeof PERIODS)[number];

const KEPT = 'quaylai.home.period';

export function keptPeriod(): Period {
  try {
    const told = localStorage.getItem(KEPT);
    return PERIODS.find((one) => one === told) ?? '30';
  } catch {
    return '30';
  }
}

export function keepPeriod(period: Period): void {
  try {
    localStorage.setItem(KEPT, period);
  } catch {
    // It holds for this visit.
  }
}

/** The day on which an instant falls in a zone, as 2026-11-21. */
export function dayIn(timeZone: string, at: Date): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return parts.format(at);
}

export function daysBack(day: string, days: number): string {
  const at = new Date(`${day}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return at.toISOString().slice(0, 10);
}

/** Noon of a day, so that it is the same day in nearly every zone. */
export function noon(day: string): string {
  return `${day}T12:00:00Z`;
}

/** How much more than before: 0.12 is 12 % more; nothing to compare with is null. */
export function change(now: number, before: number): number | null {
  return before > 0 ? (now - before) / before : null;
}

export function rate(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
