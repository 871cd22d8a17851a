/**
 * What a fit says of itself. The document is free-form in the API and older ones lack fields: whatever is read here is
 * checked, and what is missing is `null` or empty, never a number that was made up.
 */
type Loose = Record<string, unknown>;

const object = (value: unknown): Loose => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const truth = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);

/** A day of the calendar: counted from 1970, or written. */
function day(value: unknown): string | null {
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value)) return value.slice(0, 10);
  const days = number(value);
  return days === null || Math.abs(days) > 1e6 ? null : new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** Customers with neighbouring forecasts: what was said of them on average, and what came. */
export interface Group {
  customers: number;
  forecast: number;
  actual: number;
}

function groups(value: unknown): Group[] {
  return list(value).flatMap((one) => {
    const { customers, forecast, actual } = object(one);
    const [count, said, came] = [number(customers), number(forecast), number(actual)];
    return count === null || said === null || came === null ? [] : [{ customers: count, forecast: said, actual: came }];
  });
}

export interface Scores {
  rmse: number | null;
  deviance: number | null;
  /** Sum of how far off the groups are, as a share of what came; 0 is perfect. */
  calibration: number | null;
  auc: number | null;
  bias: number | null;
}

export const MEASURES = ['rmse', 'deviance', 'calibration', 'auc'] as const;
export type Measure = (typeof MEASURES)[number];

function scores(value: unknown): Scores {
  const told = object(value);
  return { rmse: number(told.rmse), deviance: number(told.deviance), calibration: number(told.calibration), auc: number(told.auc), bias: number(told.bias) };
}

/** A forecast that was tried on the shop's own past. */
export interface Tried {
  name: string;
  /** A rule that needs no model. */
  isRule: boolean;
  serves: boolean;
  scores: Scores;
}

export interface Point {
  /** The chance at or below which it writes; of a fixed rule the weeks after which it does. */
  at: number;
  /** Share of offers to who would have bought anyway. */
  waste: number;
  delayWeeks: number;
  offers: number | null;
}

function points(value: unknown): Point[] {
  return list(value).flatMap((one) => point(one) ?? []);
}

function point(value: unknown): Point | null {
  const told = object(value);
  const [at, waste, delayWeeks] = [number(told.at), number(told.waste), number(told.delay_weeks)];
  return at === null || waste === null || delayWeeks === null ? null : { at, waste, delayWeeks, offers: number(told.offers) };
}

export interface WinBack {
  silences: number | null;
  withinWeeks: number | null;
  capWeeks: number | null;
  curve: Point[];
  fixed: Point[];
  serves: Point | null;
  earlierWeeks: number | null;
  isWasteKept: boolean;
}

function winBack(value: unknown): WinBack | null {
  const told = object(value);
  const curve = points(told.curve);
  const fixed = points(told.fixed);
  if (curve.length === 0 && fixed.length === 0 && number(told.silences) === null) return null;
  return {
    silences: number(told.silences), withinWeeks: number(told.within_weeks), capWeeks: number(told.cap_weeks), curve, fixed, serves: point(told.serves),
    earlierWeeks: number(told.earlier_weeks), isWasteKept: truth(told.waste_kept) ?? true,
  };
}

export interface Parameter {
  name: string;
  value: number;
  /** Standard error; `null` where the customers do not determine it. */
  error: number | null;
}

/** The order of the standard errors, by model. */
const NAMES: Record<string, readonly string[]> = {
  'bg-nbd': ['r', 'alpha', 'a', 'b'],
  'mbg-nbd': ['r', 'alpha', 'a', 'b'],
  'mbg-cnbd-k': ['r', 'alpha', 'a', 'b', 'k'],
  'pareto-nbd': ['r', 'alpha', 's', 'beta'],
};

function parameters(held: Loose, names: readonly string[], errors: unknown): Parameter[] {
  return names.flatMap((name, at) => {
    const value = number(held[name]);
    return value === null ? [] : [{ name, value, error: number(list(errors)[at]) }];
  });
}

export interface FittedModel {
  /** `mbg-cnbd-k` and so on. */
  kind: string;
  /** `pooled`: drawn towards what shops are like; `weak`. */
  prior: string | null;
  parameters: Parameter[];
  logLikelihood: number | null;
  /** Whether the orders show that customers leave at all. */
  dropOut: boolean | null;
  isConverged: boolean | null;
}

function fitted(value: unknown): FittedModel[] {
  return list(value).flatMap((one) => {
    const told = object(one);
    const fit = object(told.fit);
    const model = object(fit.model);
    const kind = text(told.name) ?? text(model.kind);
    if (kind === null) return [];
    return [{
      kind, prior: text(told.prior), parameters: parameters(object(model.parameters), NAMES[kind] ?? [], fit.errors), logLikelihood: number(fit.log_likelihood),
      dropOut: truth(fit.drop_out_identified), isConverged: truth(fit.converged),
    }];
  });
}

/** What a value is expected to be, and between which bounds it falls with 80 % chance. */
export interface Expected {
  value: number;
  low: number | null;
  high: number | null;
}

function expected(value: unknown): Expected | null {
  const told = object(value);
  const held = number(told.value);
  return held === null ? null : { value: held, low: number(told.low), high: number(told.high) };
}

function counts(value: unknown): Record<string, number> {
  return Object.fromEntries(Object.entries(object(value)).flatMap(([name, count]) => (number(count) === null ? [] : [[name, count as number]])));
}

/** What all customers together are expected to do. */
export interface Ahead {
  days: number;
  orders: Expected | null;
  /** In minor units of the shop's currency. */
  spend: Expected | null;
}

export interface PurchasesReport {
  learnedOn: string | null;
  customers: number | null;
  repeaters: number | null;
  /** Days with an order, over all customers. */
  purchases: number | null;
  from: string | null;
  until: string | null;
  /** `model`, `average` or the name of a rule; empty where it was not told. */
  serves: string;
  /** Stable words. */
  reasons: string[];
  tried: Tried[];
  test: {
    cut: string | null; until: string | null; days: number | null; customers: number | null; coverage: number | null;
    /** Of what was paid: how well the best fifth was found, and by how much all of it was off. */
    topFifth: number | null; valueBias: number | null;
  } | null;
  calibration: Group[];
  winBack: WinBack | null;
  models: FittedModel[];
  spend: Parameter[];
  independence: { verdict: string | null; correlation: number | null } | null;
  /** Why it took the place of what served before, or did not. */
  verdict: string[];
  drift: { ratio: number | null; hasDrifted: boolean; from: string | null; until: string | null } | null;
  ahead: Ahead[];
  churn: Record<string, number>;
  rfm: Record<string, number>;
}

export function readPurchases(report: unknown): PurchasesReport {
  const told = object(report);
  const data = object(told.data);
  const test = object(told.back_test);
  const value = object(test.value);
  const verdict = object(told.verdict);
  const drift = object(verdict.drift ?? told.drift);
  const spend = object(told.spend);
  const shop = object(told.shop);
  const independence = object(told.independence);
  const weeks = number(test.weeks);
  const serves = text(test.serves) ?? text(told.serves) ?? '';
  const tried = list(test.candidates).flatMap((one) => {
    const name = text(object(one).name);
    return name === null ? [] : [{ name, isRule: truth(object(one).is_naive) ?? false, serves: name === serves, scores: scores(object(one).scores) }];
  });
  const words = (value: unknown): string[] => list(value).flatMap((one) => text(one) ?? []);
  return {
    learnedOn: day(told.learned_on), customers: number(data.customers), repeaters: number(data.repeaters), purchases: number(data.purchases), from: day(data.from), until: day(data.to),
    serves, reasons: words(told.reasons), tried,
    test: Object.keys(test).length === 0 ? null : {
      cut: day(test.cut), until: day(test.until), days: weeks === null ? null : Math.round(weeks * 7), customers: number(test.customers), coverage: number(test.coverage),
      topFifth: number(value.top_fifth), valueBias: number(value.bias),
    },
    calibration: groups(test.calibration), winBack: winBack(told.win_back), models: fitted(told.models),
    spend: parameters(object(spend.model), ['p', 'q', 'v'], spend.errors),
    independence: Object.keys(independence).length === 0 ? null : { verdict: text(independence.verdict), correlation: number(independence.correlation_of_logs) },
    verdict: words(verdict.reasons),
    drift: number(drift.came) === null && number(drift.ratio) === null ? null : { ratio: number(drift.ratio), hasDrifted: truth(drift.has_drifted) ?? false, from: day(drift.from), until: day(drift.until) },
    ahead: list(shop.ahead).flatMap((one) => {
      const days = number(object(one).days);
      return days === null ? [] : [{ days, orders: expected(object(one).orders), spend: expected(object(one).spend) }];
    }),
    churn: counts(shop.churn), rfm: counts(shop.rfm),
  };
}

export interface Quality {
  logLoss: number | null;
  auc: number | null;
  brier: number | null;
  calibration: number | null;
}

function quality(value: unknown): Quality {
  const told = object(value);
  return { logLoss: number(told.log_loss), auc: number(told.auc), brier: number(told.brier), calibration: number(told.calibration_error) };
}

/** Minutes and a share, as `[60, 0.24]`. */
function shares(value: unknown): { minutes: number; share: number }[] {
  return list(value).flatMap((one) => {
    const [minutes, share] = list(one).map(number);
    return typeof minutes === 'number' && typeof share === 'number' ? [{ minutes, share }] : [];
  });
}

export interface CartsReport {
  carts: number | null;
  people: number | null;
  helped: number | null;
  boughtAlone: number | null;
  /** `model`: what is known of a cart serves; `recency`: how long it lies serves; `nothing`. */
  serves: string;
  why: string | null;
  fadesLearned: boolean;
  bySilence: { minutes: number; share: number }[];
  delays: { minutes: number; share: number }[];
  model: Quality;
  recency: Quality;
  base: Quality;
  calibration: Group[];
  weights: { name: string; weight: number }[];
}

export function readCarts(report: unknown): CartsReport {
  const told = object(report);
  return {
    carts: number(told.rests), people: number(told.people), helped: number(told.helped), boughtAlone: number(told.bought_alone), serves: text(told.serves) ?? 'nothing', why: text(told.why),
    fadesLearned: told.fades_learned === true, bySilence: shares(told.by_silence), delays: shares(told.delays).filter((one) => one.share > 0), model: quality(told.model), recency: quality(told.recency), base: quality(told.base),
    calibration: groups(told.calibration),
    weights: list(told.weights).flatMap((one) => {
      const [name, weight] = list(one);
      return typeof name === 'string' && number(weight) !== null ? [{ name, weight: weight as number }] : [];
    }),
  };
}

/** Three ways to tell something, by their error: the shop's usual, the person's own past, and both together. */
export interface Blend {
  shop: number | null;
  own: number | null;
  both: number | null;
  judged: number | null;
}

function blend(value: unknown): Blend {
  const told = object(value);
  return { shop: number(told.shop), own: number(told.own), both: number(told.shrunk), judged: number(told.judged) };
}

export interface HabitsReport {
  people: number | null;
  orders: number | null;
  reads: number | null;
  discounts: (Blend & { share: number | null }) | null;
  /** Errors in days. */
  replenishment: Blend & { categories: number | null; covered: number | null; largest: { category: string; people: number | null; days: number | null }[] };
  clocks: { channel: string; people: number | null; reads: number | null; hours: Blend; servesOwn: boolean }[];
}

export function readHabits(report: unknown): HabitsReport {
  const told = object(report);
  const gaps = object(told.replenishment);
  return {
    people: number(told.people), orders: number(told.orders), reads: number(told.reads),
    discounts: told.discounts ? { ...blend(told.discounts), share: number(object(told.discounts).share) } : null,
    replenishment: {
      ...blend(gaps), categories: number(gaps.categories), covered: number(gaps.covered),
      largest: list(gaps.largest).flatMap((one) => {
        const category = text(object(one).category);
        return category === null ? [] : [{ category, people: number(object(one).people), days: number(object(one).usual_days) }];
      }),
    },
    clocks: list(told.clocks).flatMap((one) => {
      const channel = text(object(one).channel);
      return channel === null ? [] : [{ channel, people: number(object(one).people), reads: number(object(one).reads), hours: blend(object(one).hours), servesOwn: truth(object(object(one).hours).serves_own) ?? false }];
    }),
  };
}

export interface LeadsReport {
  verdict: string | null;
  people: number | null;
  buyers: number | null;
  auc: number | null;
}

export function readLeads(report: unknown): LeadsReport {
  const told = object(report);
  return { verdict: text(told.verdict), people: number(told.fitted_examples), buyers: number(told.fitted_buyers), auc: number(object(told.model).auc) };
}

/** What is shown of recommendations: what is new for a customer, what is bought again, and new things that few bought. */
export const RAILS = ['new', 'again', 'cold'] as const;
export type Rail = (typeof RAILS)[number];

export interface TriedWay {
  rail: Rail;
  method: string;
  /** Needs nothing learned. */
  isRule: boolean;
  serves: boolean;
  recall: number | null;
  ndcg: number | null;
  customers: number | null;
}

export interface RecommendReport {
  /** `learned`, `naive` or `too_little`. */
  verdict: string | null;
  /** Customers whose later purchases were asked for. */
  asked: number | null;
  /** Share of what they bought that they had bought before. */
  repeats: number | null;
  /** The day from which purchases were hidden; `null` where one of each customer was. */
  cut: string | null;
  interactions: number | null;
  of: number | null;
  customers: number | null;
  products: number | null;
  from: string | null;
  until: string | null;
  tried: TriedWay[];
}

const RULES = ['popular', 'buy_again'];

function instant(value: unknown): string | null {
  const at = number(value);
  return at === null || Math.abs(at) > 8e15 ? null : new Date(at).toISOString();
}

export function readRecommend(report: unknown): RecommendReport {
  const told = object(report);
  const data = object(told.data);
  const chosen = object(told.chosen);
  return {
    verdict: text(told.verdict), asked: number(told.asked), repeats: number(told.repeats), cut: instant(object(told.hold_out).at),
    interactions: number(data.interactions), of: number(data.of), customers: number(data.customers), products: number(data.products), from: instant(data.from), until: instant(data.until),
    tried: list(told.tried).flatMap((one) => {
      const held = object(one);
      const [rail, method] = [RAILS.find((name) => name === held.rail), text(held.method)];
      if (!rail || method === null) return [];
      const serves = told.too_little !== true && method === text(chosen[rail === 'cold' ? 'new' : rail]);
      return [{ rail, method, serves, isRule: RULES.includes(method), recall: number(held.recall_at_20), ndcg: number(held.ndcg_at_10), customers: number(held.customers) }];
    }),
  };
}

const WAYS = ['popular', 'buy_again', 'content', 'item_item', 'als', 'ease', 'mix'] as const;

/** A way such as `ease(300), with looks, fading over 60 days` in its parts; `null` for one that is not known. */
export function methodOf(told: string): { name: (typeof WAYS)[number]; inner: string; looks: boolean; days: number | null } | null {
  const mixed = /^mix\((.*)\)$/.exec(told);
  if (mixed) return { name: 'mix', inner: mixed[1] ?? '', looks: false, days: null };
  const parts = /^([a-z_]+)(?:\(([^)]*)\))?(, with looks)?(?:, fading over (\d+) days)?$/.exec(told);
  const name = WAYS.find((one) => one === parts?.[1]);
  return parts && name ? { name, inner: (parts[2] ?? '').replace('_', '-'), looks: parts[3] !== undefined, days: parts[4] === undefined ? null : Number(parts[4]) } : null;
}

/** The rule that is best without a model, by what is off on average. */
export function bestRule(tried: Tried[]): Tried | null {
  const rules = tried.filter((one) => one.isRule && one.scores.rmse !== null);
  return rules.reduce<Tried | null>((best, one) => (best === null || (one.scores.rmse ?? 0) < (best.scores.rmse ?? 0) ? one : best), null);
}

/** By which share what serves is less off than the best rule; `null` where that is not known. */
export function gain(tried: Tried[]): { rule: Tried; share: number } | null {
  const serving = tried.find((one) => one.serves);
  const rule = bestRule(tried);
  if (!serving || !rule || serving.isRule || serving.scores.rmse === null || !rule.scores.rmse) return null;
  return { rule, share: 1 - serving.scores.rmse / rule.scores.rmse };
}

/** Which of several is best at a measure: the highest of AUC, the lowest of the others. */
export function bestAt(tried: Tried[], measure: Measure): number | null {
  const values = tried.flatMap((one) => one.scores[measure] ?? []);
  if (values.length === 0) return null;
  return measure === 'auc' ? Math.max(...values) : Math.min(...values);
}

/** The point of the curve that a shop gets that accepts so much waste: the earliest that keeps it, else the least. */
export function atWaste(winBack: WinBack, waste: number): Point | null {
  const kept = winBack.curve.filter((one) => one.waste <= waste);
  if (kept.length > 0) return kept[kept.length - 1] ?? null;
  return winBack.curve.reduce<Point | null>((least, one) => (least === null || one.waste < least.waste ? one : least), null);
}

/** The earliest rule for everybody that wastes no more. */
export function fixedAt(winBack: WinBack, waste: number): Point | null {
  return winBack.fixed.find((one) => one.waste <= waste) ?? null;
}
