import { expect, test } from 'vitest';
import en from '../texts/en/predictions.json';
import vi from '../texts/vi/predictions.json';
import enConditions from '../texts/en/conditions.json';
import viConditions from '../texts/vi/conditions.json';
import { FORESEEN_FIELDS } from '../screens/segments/grammar';
import { CHURN, dayOfYear, daysBetween, readForeseen, RFM_GROUPS } from './foreseen';

test('what is forecast is read, and what is absent or of another kind is not known', () => {
  const told = readForeseen({
    predicted: { alive: 0.91, buys_30d: 0.42, orders_90d: 1.4, orders_90d_low: 0, orders_90d_high: 3, clv: 1_250_000, next_order_at: '2026-12-12', next_order_at_low: '2026-11-29', next_order_at_high: '2027-01-03', churn: 'cooling', win_back_at: '2027-02-01', win_back_due: false },
    rfm: { recency: 5, frequency: 4, monetary: 5, cell: '545', group: 'champions' },
  } as never);
  expect(told.nextOrder).toEqual({ value: '2026-12-12', low: '2026-11-29', high: '2027-01-03' });
  expect([told.orders['90d'], told.orders['30d'], told.spend['365d'], told.rhythmDays]).toEqual([{ value: 1.4, low: 0, high: 3 }, null, null, null]);
  expect([told.churn, told.rfm?.group, told.isWinBackDue]).toEqual(['cooling', 'champions', false]);
  const none = readForeseen({ predicted: { alive: null, clv: 'NaN', churn: 'unknown', next_order_at: 7 }, rfm: { recency: 5 } } as never);
  expect([none.alive, none.clv, none.churn, none.nextOrder, none.rfm]).toEqual([null, null, null, null, null]);
});

test('a day is written with its year where it would be unclear', () => {
  expect([dayOfYear('2026-12-12', '2026-11-22'), dayOfYear('2027-01-03', '2026-11-22'), dayOfYear('2028-01-03', '2026-11-22')]).toEqual(['12/12', '03/01', '03/01/2028']);
  expect([daysBetween('2026-11-22', '2026-11-22'), daysBetween('2026-11-22', '2027-01-03')]).toEqual([0, 42]);
});

test.each([['vi', vi, viConditions], ['en', en, enConditions]] as const)('every field, class and group has words in %s', (_, texts, conditions) => {
  const names = conditions.field.profile as Record<string, string>;
  for (const field of FORESEEN_FIELDS) {
    const key = field.path.replaceAll('.', '_');
    expect(names[key], field.path).toBeTruthy();
    const words = (conditions.word as Record<string, Record<string, string>>)[key];
    for (const word of field.words ?? []) expect(words?.[word], `${field.path} ${word}`).toBeTruthy();
  }
  // The screens about predictions and the sentences of conditions call them the same.
  for (const one of CHURN) expect(texts.churn[one].name).toBe(conditions.word.predicted_churn[one]);
  for (const one of RFM_GROUPS) expect(texts.rfm[one].name).toBe(conditions.word.rfm_group[one]);
});
