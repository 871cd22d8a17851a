import { describe, expect, test } from 'vitest';
import { atWaste, bestAt, bestRule, fixedAt, gain, methodOf, readCarts, readHabits, readLeads, readPurchases, readRecommend } from './report';

/** As crates/models writes it. */
const WHOLE = {
  learned_on: 20_779,
  data: { customers: 2_357, repeaters: 946, purchases: 4_814, from: 20_000, to: 20_778, weeks: 111.2, left_out: 0, sampled: null },
  models: [{
    name: 'mbg-cnbd-k', prior: 'weak',
    fit: { model: { kind: 'mbg-cnbd-k', parameters: { a: 0.9, alpha: 5.8, b: 1.58, k: 1.04, r: 0.54 } }, errors: [0.05, 0.8, null, 0.3, 0.02], log_likelihood: -9581.1, drop_out_identified: true, converged: true },
  }],
  spend: { model: { p: 6.25, q: 3.74, v: 15.44 }, errors: [1, 0.2, 3] },
  independence: { customers: 946, correlation: 0.1, correlation_of_logs: 0.06, verdict: 'holds' },
  back_test: {
    cut: 20_597, until: 20_779, weeks: 26, customers: 2_000, orders: 1_200, serves: 'model_corrected', coverage: 0.91,
    candidates: [
      { name: 'model', is_naive: false, scores: { rmse: 1.74, deviance: 1.65, calibration: 0.3, auc: 0.763, mae: 0.78, bias: 0.8, spearman: 0.4 } },
      { name: 'model_corrected', is_naive: false, scores: { rmse: 1.7, deviance: 1.58, calibration: 0.1, auc: 0.764, mae: 0.8, bias: 1, spearman: 0.4 } },
      { name: 'status_quo', is_naive: true, scores: { rmse: 2, deviance: 2.61, calibration: 0.4, auc: 0.753 } },
      { name: 'zeros', is_naive: true, scores: { rmse: 2.4, deviance: 8.4, calibration: null, auc: 0.5 } },
      { name: 'recency', is_naive: true, scores: { rmse: null, deviance: null, calibration: null, auc: 0.759 } },
    ],
    calibration: [{ customers: 200, forecast: 0.1, actual: 0.12 }, { customers: 200, forecast: 3, actual: 2.9 }],
    value: { bias: 1.1, gini: 0.6, top_fifth: 0.7 },
  },
  win_back: {
    silences: 4_000, within_weeks: 13, cap_weeks: 39, waste_kept: true, earlier_weeks: 4.7, serves: { at: 0.21, waste: 0.2, delay_weeks: 8.3, offers: 900 },
    curve: [{ at: 0.1, waste: 0.1, delay_weeks: 26, offers: 500 }, { at: 0.21, waste: 0.2, delay_weeks: 8.3, offers: 900 }, { at: 0.4, waste: 0.35, delay_weeks: 4, offers: 1_500 }],
    fixed: [{ at: 4, waste: 0.33, delay_weeks: 4, offers: 1_500 }, { at: 13, waste: 0.2, delay_weeks: 13, offers: 800 }, { at: 26, waste: 0.116, delay_weeks: 26, offers: 500 }],
  },
  serves: 'model', rule: null, reasons: ['model_is_best', 'corrected'],
  shop: {
    churn: { active: 900, cooling: 400, at_risk: 700, lost: 357 }, rfm: { champions: 100, lost: 300 },
    ahead: [{ days: 30, orders: { value: 120.4, low: 100, high: 140 }, spend: { value: 24_000_000, low: 20_000_000, high: 28_000_000 } }, { days: 90, orders: { value: 300, low: 250, high: 350 }, spend: null }],
  },
  verdict: { is_better: true, reasons: ['better_rmse'], old: null, new: null, drift: { from: 1, until: 2, expected: 200, came: 150, ratio: 0.75, has_drifted: true } },
};

describe('what a fit of purchases says', () => {
  const report = readPurchases(WHOLE);

  test('is read with days as dates and the one that serves marked', () => {
    expect([report.learnedOn, report.from, report.test?.cut, report.test?.days]).toEqual(['2026-11-22', '2024-10-04', '2026-05-24', 182]);
    expect(report.tried.filter((one) => one.serves).map((one) => one.name)).toEqual(['model_corrected']);
    expect([report.customers, report.purchases, report.drift?.hasDrifted, report.churn.at_risk]).toEqual([2_357, 4_814, true, 700]);
    expect(report.ahead.map((one) => [one.days, one.orders?.value, one.spend?.low ?? null])).toEqual([[30, 120.4, 20_000_000], [90, 300, null]]);
  });

  test('has each standard error beside its own parameter, which come sorted by name', () => {
    expect(report.models[0]?.parameters).toEqual([
      { name: 'r', value: 0.54, error: 0.05 }, { name: 'alpha', value: 5.8, error: 0.8 }, { name: 'a', value: 0.9, error: null }, { name: 'b', value: 1.58, error: 0.3 }, { name: 'k', value: 1.04, error: 0.02 },
    ]);
    expect(report.spend.map((one) => one.name)).toEqual(['p', 'q', 'v']);
  });

  test('is judged beside the best rule that says numbers', () => {
    expect(bestRule(report.tried)?.name).toBe('status_quo');
    expect(gain(report.tried)?.share).toBeCloseTo(0.15);
    expect([bestAt(report.tried, 'auc'), bestAt(report.tried, 'rmse')]).toEqual([0.764, 1.7]);
    const rule = report.tried.map((one) => ({ ...one, serves: one.name === 'status_quo' }));
    expect(gain(rule)).toBeNull();
  });

  test('tells what a shop gets that accepts more or less waste', () => {
    const { winBack } = report;
    if (!winBack) throw new Error('it has a curve');
    expect([0.05, 0.15, 0.2, 0.9].map((waste) => atWaste(winBack, waste)?.delayWeeks)).toEqual([26, 26, 8.3, 4]);
    expect([fixedAt(winBack, 0.2)?.at, fixedAt(winBack, 0.12)?.at, fixedAt(winBack, 0.01)]).toEqual([13, 26, null]);
  });

  test.each([null, undefined, 7, 'text', [], {}, { data: null, models: 'x', back_test: [], win_back: 3, shop: { ahead: [{}], churn: { active: 'many' } } }, { back_test: { candidates: [null, {}, { name: 'model', scores: { rmse: 'x' } }] } }])(
    'of an older form or none lacks what it lacks: %j', (told) => {
      const read = readPurchases(told);
      expect([read.customers, read.winBack, read.ahead, read.churn]).toEqual([null, null, [], {}]);
      expect(gain(read.tried)).toBeNull();
    },
  );
});

test('of carts, habits and leads too', () => {
  const carts = readCarts({ rests: 900, bought_alone: 120, serves: 'recency', by_silence: [[60, 0.2], ['x', 1]], delays: [[60, 0.7], [240, 0]], model: { log_loss: 0.4 }, weights: [['value', 0.2]] });
  expect([carts.carts, carts.serves, carts.bySilence, carts.delays, carts.model.logLoss, carts.model.auc]).toEqual([900, 'recency', [{ minutes: 60, share: 0.2 }], [{ minutes: 60, share: 0.7 }], 0.4, null]);
  expect(readCarts({}).serves).toBe('nothing');
  const habits = readHabits({ people: 40, discounts: { share: 0.3, shop: 0.6 }, replenishment: { shrunk: 5.5, largest: [{ category: 'Cà phê', people: 9, usual_days: 28 }, {}] }, clocks: [{ channel: 'email', hours: { serves_own: true, shrunk: 2.9, shop: 3 } }] });
  expect([habits.discounts?.share, habits.replenishment.both, habits.replenishment.largest.length, habits.clocks[0]?.servesOwn]).toEqual([0.3, 5.5, 1, true]);
  expect(readHabits(null)).toMatchObject({ people: null, discounts: null, clocks: [] });
  expect(readLeads({ verdict: 'too_few', fitted_buyers: 3 })).toMatchObject({ verdict: 'too_few', buyers: 3, auc: null });
});

test('of recommendations which way serves each rail, in parts that can be named', () => {
  const tried = [
    { rail: 'new', method: 'popular', recall_at_20: 0.04, ndcg_at_10: 0.08, customers: 900 }, { rail: 'new', method: 'mix(ease(300), with looks)', recall_at_20: 0.1, ndcg_at_10: 0.18, customers: 900 },
    { rail: 'again', method: 'buy_again', recall_at_20: 0.6, ndcg_at_10: 0.5, customers: 700 }, { rail: 'cold', method: 'mix(ease(300), with looks)', recall_at_20: null, customers: 50 }, { rail: 'all', method: 'popular' }, null,
  ];
  const report = readRecommend({ verdict: 'learned', asked: 900, repeats: 0.4, hold_out: { split: 'since', at: 1_275_955_200_000 }, chosen: { new: 'mix(ease(300), with looks)', again: 'buy_again' }, data: { interactions: 12, of: 20 }, tried });
  expect(report.tried.map((one) => [one.rail, one.serves, one.isRule])).toEqual([['new', false, true], ['new', true, false], ['again', true, true], ['cold', true, false]]);
  expect([report.cut, report.of, report.customers]).toEqual(['2010-06-08T00:00:00.000Z', 20, null]);
  expect(readRecommend(null)).toMatchObject({ verdict: null, tried: [], cut: null });
  expect(methodOf('mix(item_item(tf_idf), with looks, fading over 60 days)')).toEqual({ name: 'mix', inner: 'item_item(tf_idf), with looks, fading over 60 days', looks: false, days: null });
  expect(methodOf('item_item(tf_idf), with looks, fading over 60 days')).toEqual({ name: 'item_item', inner: 'tf-idf', looks: true, days: 60 });
  expect([methodOf('popular')?.name, methodOf('ease(300)')?.inner, methodOf('magic')]).toEqual(['popular', '300', null]);
});
