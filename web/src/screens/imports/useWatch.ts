import { useEffect } from 'react';

const EVERY_MS = 1_500;

/** Asks again every moment while something is under way and the page is looked at. */
export function useWatch(isUnderWay: boolean, again: () => void): void {
  useEffect(() => {
    if (!isUnderWay) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') again();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [isUnderWay, again]);
}
