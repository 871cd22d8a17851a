/** Minutes of a day as a clock shows them. */
export const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

export const HALVES = Array.from({ length: 49 }, (_, at) => at * 30);

/** Half hours, and the minute that is held if it is none. */
export function times(held: number, from: number, to: number): { value: string; label: string }[] {
  const all = HALVES.includes(held) ? HALVES : [...HALVES, held].sort((a, b) => a - b);
  return all.filter((minute) => minute >= from && minute <= to).map((minute) => ({ value: String(minute), label: clock(minute) }));
}
