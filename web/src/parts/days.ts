/** Days of the shop's calendar. */

/** The instant at which a day begins on the wall clock of a zone; some days later when told. */
export function instantOf(date: string, timeZone: string, daysLater = 0): string {
  const told = Date.parse(`${date}T00:00:00Z`) + daysLater * 86_400_000;
  const offset = (at: number) => {
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(at));
    return Date.parse(`${parts.replace(' ', 'T')}Z`) - at;
  };
  const guess = told - offset(told);
  return new Date(told - offset(guess)).toISOString();
}

/** The day of the shop's calendar on which an instant lies: `2026-11-22`. */
export function dayOf(instant: string, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(instant));
}
