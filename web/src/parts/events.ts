/**
 * What the events are called that shops send by the names of docs/tracking.md: the texts `events`, the one place where
 * they stand. A name that a shop made up is shown as it is.
 */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

export interface EventWords {
  /** What has happened: `Order Completed` is “Đặt hàng”. */
  name: (event: string) => string;
  /** What somebody does, inside a sentence: “hoàn tất đặt hàng”. Nothing for a name that is not known. */
  does: (event: string) => string | undefined;
}

/** A colon or a dot in a name that a shop made would be read as a path. */
const isPlain = (event: string): boolean => event !== '' && !/[:.]/.test(event);

export function useEventWords(): EventWords {
  const { t, i18n } = useTranslation('events');
  return useMemo(() => ({
    name: (event) => (isPlain(event) && i18n.exists(`events:name.${event}`) ? t(`name.${event}`) : event),
    does: (event) => (isPlain(event) && i18n.exists(`events:does.${event}`) ? t(`does.${event}`) : undefined),
  }), [t, i18n]);
}
