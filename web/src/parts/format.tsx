/** Money, numbers and instants as text. */
import { Tooltip } from '@mantine/core';
import { useFormats } from './formats';

export { type Formats, makeFormats, minorDigits, useFormats } from './formats';

const NOTHING = '–';

export function Money({ value, currency, short }: { value: number | null | undefined; currency?: string; short?: boolean }) {
  const formats = useFormats();
  if (value === null || value === undefined) return <>{NOTHING}</>;
  return <span className="ql-num">{short ? formats.moneyShort(value, currency) : formats.money(value, currency)}</span>;
}

export function Num({ value, digits, short }: { value: number | null | undefined; digits?: number; short?: boolean }) {
  const formats = useFormats();
  if (value === null || value === undefined) return <>{NOTHING}</>;
  return <span className="ql-num">{short ? formats.short(value) : formats.number(value, digits)}</span>;
}

export function Percent({ value, digits }: { value: number | null | undefined; digits?: number }) {
  const formats = useFormats();
  return <span className="ql-num">{value === null || value === undefined ? NOTHING : formats.percent(value, digits)}</span>;
}

/**
 * An instant: how long ago, with the whole of it on hover and for screen readers; `full` shows the whole, and
 * `isPlain` costs less, for long tables.
 */
export function When({ at, full, dateOnly, isPlain }: { at: string | null | undefined; full?: boolean; dateOnly?: boolean; isPlain?: boolean }) {
  const formats = useFormats();
  if (!at) return <>{NOTHING}</>;
  if (dateOnly) return <time dateTime={at} className="ql-num">{formats.date(at)}</time>;
  if (full) return <time dateTime={at} className="ql-num">{formats.dateTime(at)}</time>;
  if (isPlain) return <time dateTime={at} className="ql-num" title={formats.dateTime(at)}>{formats.ago(at)}</time>;
  return (
    <Tooltip label={formats.dateTime(at)}>
      <time dateTime={at} className="ql-num">{formats.ago(at)}</time>
    </Tooltip>
  );
}
