/** What a kind's fit says of itself, in one sentence for people who sell. */
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../parts/format';
import type { Tone } from '../../theme/theme';
import { useTriedName } from './Errors';
import { gain, methodOf, readCarts, readHabits, readLeads, readPurchases, readRecommend } from './report';
import type { Kind, LearnedKind, ModelFit } from './use';

export interface Verdict {
  tone: Tone;
  /** A word or two. */
  badge: string;
  text: string;
}

const WHY_CARTS = ['too_few_carts', 'too_few_bought', 'too_few_left_alone'] as const;
const WHY_LEADS = ['too_few', 'not_better_than_base', 'rules_as_good', 'model_better'] as const;

/** The name of a way to recommend. */
export function useMethodName(): (method: string) => string {
  const { t } = useTranslation('predictions');
  const named = (told: string): string => {
    const method = methodOf(told);
    if (!method) return told;
    const more = [method.looks ? t('recommend.method.looks') : '', method.days === null ? '' : t('recommend.method.fading', { n: method.days })];
    return [t(`recommend.method.${method.name}`, { kind: method.inner, n: method.inner, of: method.name === 'mix' ? named(method.inner) : '' }), ...more].filter(Boolean).join(', ');
  };
  return named;
}

export function useVerdict(): { ofFit: (kind: Kind, fit: ModelFit) => Verdict; of: (learned: LearnedKind, kind: Kind) => Verdict; data: (kind: Kind, fit: ModelFit) => string } {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const named = useTriedName();
  const ofFit = (kind: Kind, fit: ModelFit): Verdict => {
    const model: Verdict = { tone: 'good', badge: t('badge.model'), text: t('verdict.serves') };
    const rule: Verdict = { tone: 'wait', badge: t('badge.rule'), text: t('verdict.rule') };
    const refused: Verdict = { tone: 'calm', badge: t('state.refused'), text: t('verdict.refused') };
    if (fit.state === 'refused' && kind === 'purchases') return refused;
    switch (kind) {
      case 'purchases': {
        const report = readPurchases(fit.report);
        const serving = report.tried.find((one) => one.serves);
        if (serving?.isRule) return { ...rule, text: t('verdict.purchases.rule', { rule: named(serving.name) }) };
        const better = gain(report.tried);
        if (!better) return report.tried.length === 0 ? { ...model, tone: 'wait', badge: t('badge.early'), text: t('verdict.purchases.untried') } : model;
        if (better.share < 0.005) return { ...model, text: t('verdict.purchases.even', { rule: named(better.rule.name) }) };
        return { ...model, text: t('verdict.purchases.better', { rule: named(better.rule.name), share: formats.percent(better.share, 0) }) };
      }
      case 'carts': {
        const report = readCarts(fit.report);
        if (report.serves === 'model') return { ...model, text: t('verdict.carts.model') };
        if (report.serves === 'recency') return { ...rule, text: t('verdict.carts.recency') };
        const why = WHY_CARTS.find((one) => one === report.why);
        return { tone: 'calm', badge: t('badge.little'), text: t(`verdict.carts.${why ?? 'nothing'}`, { n: formats.number(report.carts ?? 0) }) };
      }
      case 'hours': {
        const report = readHabits(fit.report);
        const own = report.clocks.filter((clock) => clock.servesOwn).length;
        return { ...model, text: own > 0 ? t('verdict.hours.own') : t('verdict.hours.shop') };
      }
      case 'leads': {
        const report = readLeads(fit.report);
        const verdict = WHY_LEADS.find((one) => one === report.verdict);
        const isServing = verdict === 'model_better' || verdict === 'rules_as_good';
        if (!verdict) return fit.state === 'serving' ? model : refused;
        return { ...(isServing ? model : { ...rule, tone: 'calm', badge: t('badge.little') }), text: t(`verdict.leads.${verdict === 'too_few' ? 'little' : verdict}`) };
      }
      case 'recommend': {
        const report = readRecommend(fit.report);
        if (report.verdict === 'too_little') return { tone: 'calm', badge: t('badge.little'), text: t('verdict.recommend.too_little', { n: formats.number(report.asked ?? 0) }) };
        if (report.verdict === 'naive') return { ...rule, text: t('verdict.recommend.naive') };
        const [serves, naive] = [report.tried.find((one) => one.rail === 'new' && one.serves), report.tried.find((one) => one.rail === 'new' && one.method === 'popular')];
        if (report.verdict !== 'learned' || !serves || !naive) return model;
        if (serves.isRule) return { ...model, text: t('verdict.recommend.again') };
        return { ...model, text: t('verdict.recommend.learned', { rule: t('recommend.method.popular'), share: formats.percent(serves.recall ?? 0), naive: formats.percent(naive.recall ?? 0) }) };
      }
    }
  };
  const of = (learned: LearnedKind, kind: Kind): Verdict => {
    const fit = learned.serving ?? learned.refused;
    return fit ? ofFit(kind, fit) : { tone: 'calm', badge: t('badge.none'), text: t(`verdict.none.${kind}`) };
  };
  /** From how much it was learned. */
  const data = (kind: Kind, fit: ModelFit): string => {
    const count = (value: number | null) => ({ count: value ?? 0, n: formats.number(value ?? 0) });
    switch (kind) {
      case 'purchases': {
        const { customers, purchases: orders } = readPurchases(fit.report);
        return customers === null ? '' : orders === null ? t('data.customers', count(customers)) : t('data.orders', { ...count(orders), customers: formats.number(customers) });
      }
      case 'carts': return t('data.carts', count(readCarts(fit.report).carts));
      case 'hours': {
        const { people, reads } = readHabits(fit.report);
        return t('data.habits', { ...count(people), reads: formats.number(reads ?? 0) });
      }
      case 'recommend': {
        const { interactions, customers } = readRecommend(fit.report);
        return t('data.recommend', { ...count(interactions), customers: formats.number(customers ?? 0) });
      }
      case 'leads': return t('data.leads', { ...count(readLeads(fit.report).people), buyers: formats.number(readLeads(fit.report).buyers ?? 0) });
    }
  };
  return { ofFit, of, data };
}
