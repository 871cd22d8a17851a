// Lengths of time as the documents write them: `1h30m`, `-7d`.

const MS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;
export type Unit = keyof typeof MS;
export const UNITS: readonly Unit[] = ['m', 'h', 'd', 'w'];
export const DURATION_MAX_MS = 400 * MS.d;

/** Milliseconds, or null when it is no length of time. */
export function parseDuration(text: unknown): number | null {
  if (typeof text !== 'string' || !/^(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$/.test(text) || text === '') return null;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([wdhms])/g)) ms += Number(count) * MS[unit as Unit];
  return Number.isSafeInteger(ms) ? ms : null;
}

/** The same length in one unit where that is possible: `1d12h` is 36 hours. */
export function inUnit(text: unknown): { count: number; unit: Unit } | null {
  const ms = parseDuration(text);
  if (ms === null) return null;
  const single = typeof text === 'string' ? /^(\d+)([wdhm])$/.exec(text) : null;
  if (single) return { count: Number(single[1]), unit: single[2] as Unit };
  for (const unit of ['d', 'h', 'm'] as const) if (ms % MS[unit] === 0) return { count: ms / MS[unit], unit };
  return null;
}

export function writeDuration(count: number, unit: Unit): string {
  return `${Math.max(0, Math.round(count))}${unit}`;
}
