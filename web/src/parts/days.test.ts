import { expect, test } from 'vitest';
import { dayOf, instantOf } from './days';

test('a day begins by the clock of the shop, not by that of the browser', () => {
  expect(instantOf('2026-11-22', 'Asia/Ho_Chi_Minh')).toBe('2026-11-21T17:00:00.000Z');
  expect(instantOf('2026-11-22', 'Asia/Ho_Chi_Minh', 1)).toBe('2026-11-22T17:00:00.000Z');
  expect(instantOf('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
  expect(instantOf('2026-03-29', 'Europe/Berlin', 1)).toBe('2026-03-29T22:00:00.000Z');
});

test('an instant of the night is of the day of the shop', () => {
  expect([dayOf('2026-11-21T17:00:00Z', 'Asia/Ho_Chi_Minh'), dayOf('2026-11-21T16:59:59Z', 'Asia/Ho_Chi_Minh')]).toEqual(['2026-11-22', '2026-11-21']);
});
