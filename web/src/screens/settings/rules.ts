/** The rules of a shop as its form holds them, and what the law wants of them. */
import type { Schema } from '../../api';
import type { Cap, ChannelName, Hours, Purpose, Settings, Window } from './settings';

export type Law = Schema<'LawView'>;
export type Anything = 'all';

export interface Rules {
  country: string;
  /** By the rule of the law; `country` for a law other than the default. An empty reason: the rule holds. */
  reasons: Record<string, string>;
  hours: { channel: ChannelName; purpose: Purpose | Anything; from: number; to: number }[];
  caps: { channel: ChannelName | Anything; purpose: Purpose | Anything; window: Window; count: number | string; hours: number | string }[];
  holdout: number | string;
  wait: number | string;
  topics: { id: string; name: string; name_en: string }[];
  ask_email: boolean;
  ask_sms: boolean;
  ask_subject: string;
  ask_text: string;
  confirm_stops: boolean;
  stopped_subject: string;
  stopped_text: string;
}

export const COUNTRY = 'country';
/** The law that a shop begins with. */
export const HOME = 'vn';
export const REASON_MIN = 10;

const purposeOf = (purpose: Purpose | null | undefined): Purpose | Anything => purpose ?? 'all';

export function rulesOf({ policy, topics, consent }: Settings): Rules {
  return {
    country: policy.country,
    reasons: Object.fromEntries((policy.overrides ?? []).map(({ rule, reason }) => [rule, reason])),
    hours: policy.hours.map(({ channel, purpose, from, to }) => ({ channel, purpose: purposeOf(purpose), from, to })),
    caps: policy.caps.map(({ channel, purpose, window, count, hours }) => ({ channel: channel ?? 'all', purpose: purposeOf(purpose), window: window ?? 'sliding', count, hours: hours ?? 24 })),
    holdout: policy.holdout_percent,
    wait: policy.wait_hours_max,
    topics: topics.map(({ id, name, name_en }) => ({ id, name, name_en: name_en ?? '' })),
    ask_email: consent.ask_on.includes('email'), ask_sms: consent.ask_on.includes('sms'), ask_subject: consent.ask_subject, ask_text: consent.ask_text,
    confirm_stops: consent.confirm_stops, stopped_subject: consent.stopped_subject, stopped_text: consent.stopped_text,
  };
}

/** Rules of the law that the shop has set aside and that its country knows. */
function overridesOf(rules: Rules, law: Law | undefined): { rule: string; reason: string }[] {
  const known = new Set([...(law?.caps ?? []), ...(law?.hours ?? [])].filter((one) => one.weight === 'default').map((one) => one.rule));
  return Object.entries(rules.reasons).filter(([rule]) => (rule === COUNTRY ? rules.country !== HOME : known.has(rule))).map(([rule, reason]) => ({ rule, reason: reason.trim() }));
}

export function patchOf(rules: Rules, law: Law | undefined): Partial<Settings> {
  return {
    policy: {
      country: rules.country,
      overrides: overridesOf(rules, law),
      hours: rules.hours.map(({ channel, purpose, from, to }) => ({ channel, ...(purpose === 'all' ? {} : { purpose }), from, to })),
      caps: rules.caps.map(({ channel, purpose, window, count, hours }) => ({
        channel: channel === 'all' ? null : channel, ...(purpose === 'all' ? {} : { purpose }), count: Number(count), hours: window === 'sliding' ? Number(hours) : 24, ...(window === 'sliding' ? {} : { window }),
      })),
      holdout_percent: Number(rules.holdout),
      wait_hours_max: Number(rules.wait),
    },
    topics: rules.topics.map(({ id, name, name_en }) => ({ id: id.trim(), name: name.trim(), ...(name_en.trim() ? { name_en: name_en.trim() } : {}) })),
    consent: {
      ask_on: [...(rules.ask_email ? ['email' as const] : []), ...(rules.ask_sms ? ['sms' as const] : [])], ask_subject: rules.ask_subject.trim(), ask_text: rules.ask_text.trim(),
      confirm_stops: rules.confirm_stops, stopped_subject: rules.stopped_subject.trim(), stopped_text: rules.stopped_text.trim(),
    },
  };
}

const wider = (ours: string | null | undefined, theirs: string | null | undefined) => !ours || ours === (theirs ?? null);

/** Whether nothing that keeps to our cap breaks the law's. */
function keeps(ours: Cap, law: Law['caps'][number]): boolean {
  const window = ours.window ?? 'sliding';
  return wider(ours.channel, law.channel) && wider(ours.purpose, law.purpose) && window === law.window && ours.count <= law.count && (window !== 'sliding' || (ours.hours ?? 24) >= law.hours);
}

function within(ours: Hours, law: Law['hours'][number]): boolean {
  return ours.channel === law.channel && wider(ours.purpose, law.purpose) && ours.from >= law.from && ours.to <= law.to;
}

export interface Broken {
  caps: Law['caps'];
  hours: Law['hours'];
  /** Reasons that are missing or too short, by their rules. */
  reasons: string[];
  order: boolean;
}

/** What of the rules cannot be kept, as the server will say. */
export function brokenBy(rules: Rules, law: Law | undefined): Broken {
  const { policy } = patchOf(rules, law) as Pick<Settings, 'policy'>;
  const aside = new Set(overridesOf(rules, law).map((one) => one.rule));
  const holds = (one: { rule: string; weight: string }) => one.weight === 'firm' || (one.weight === 'default' && !aside.has(one.rule));
  const reasons = [...aside].filter((rule) => (rules.reasons[rule] ?? '').trim().length < REASON_MIN);
  if (rules.country !== HOME && !aside.has(COUNTRY)) reasons.push(COUNTRY);
  return {
    caps: (law?.caps ?? []).filter((one) => holds(one) && !policy.caps.some((cap) => keeps(cap, one))),
    hours: (law?.hours ?? []).filter((one) => holds(one) && !policy.hours.some((hours) => within(hours, one))),
    reasons,
    order: rules.hours.some((one) => one.from >= one.to),
  };
}

export const isTopicId = (id: string) => /^[A-Za-z0-9_-]{1,50}$/.test(id.trim());
