// Durations as definitions write them: whole numbers with w, d, h, m, s, from large to small.

export const UNITS = ['w', 'd', 'h', 'm', 's'] as const;
export type Unit = (typeof UNITS)[number];

export interface Span {
  n: number;
  unit: Unit;
}

/** `1h30m` → 1 hour, 30 minutes; nothing for what is no duration. */
export function spans(text: string): Span[] | undefined {
  if (!/^(\d+[wdhms])+$/.test(text)) return undefined;
  const found = [...text.matchAll(/(\d+)([wdhms])/g)].map((one) => ({ n: Number(one[1]), unit: one[2] as Unit }));
  const order = found.map((span) => UNITS.indexOf(span.unit));
  return order.every((at, i) => i === 0 || at > (order[i - 1] ?? -1)) ? found : undefined;
}

export function seconds(text: string): number | undefined {
  const each: Record<Unit, number> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
  return spans(text)?.reduce((sum, span) => sum + span.n * each[span.unit], 0);
}
