// What is known of the fields that conditions may ask for, so that operators and controls fit.

import type { Op } from './model';

/** `share` is stored from 0 to 1 and read as percent; `days`, `minutes` and `hour` are numbers with a unit. */
export type Kind = 'text' | 'number' | 'money' | 'share' | 'days' | 'minutes' | 'hour' | 'date' | 'truth' | 'list' | 'words';

export const isNumeric = (kind: Kind | undefined): boolean => kind !== undefined && ['number', 'money', 'share', 'days', 'minutes', 'hour'].includes(kind);

export interface Field {
  path: string;
  kind: Kind;
  /** The closed list of its words. */
  words?: readonly string[];
}

export const LIFECYCLE = ['visitor', 'subscriber', 'shopper', 'customer', 'repeat_customer', 'lapsing', 'lost'] as const;
export const ORDER_STATUS = ['placed', 'confirmed', 'paid', 'packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned'] as const;

export const CHURN = ['active', 'cooling', 'at_risk', 'lost'] as const;
export const RFM_GROUPS = [
  'champions', 'loyal', 'potential_loyal', 'new', 'promising', 'need_attention', 'about_to_sleep', 'at_risk', 'cannot_lose', 'hibernating', 'lost',
] as const;
const PRICE_LEVELS = ['low', 'middle', 'high'] as const;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const LEAD_STATUS = ['new', 'assigned', 'contacted', 'qualified', 'disqualified', 'won', 'lost'] as const;
const SPANS = ['30d', '90d', '365d'] as const;
const READ_ON = ['email', 'sms', 'zalo', 'push'] as const;

/** What is forecast or learned of a customer, docs/predictions.md: the likeliest to be asked for first. */
export const FORESEEN_FIELDS: readonly Field[] = [
  { path: 'predicted.next_order_at', kind: 'date' },
  { path: 'predicted.buys_30d', kind: 'share' },
  { path: 'predicted.churn', kind: 'words', words: CHURN },
  { path: 'predicted.alive', kind: 'share' },
  { path: 'predicted.clv', kind: 'money' },
  ...SPANS.map((span): Field => ({ path: `predicted.spend_${span}`, kind: 'money' })),
  ...SPANS.map((span): Field => ({ path: `predicted.orders_${span}`, kind: 'number' })),
  { path: 'predicted.win_back_due', kind: 'truth' },
  { path: 'predicted.win_back_at', kind: 'date' },
  { path: 'predicted.rhythm_days', kind: 'days' },
  ...['low', 'high'].flatMap((end): Field[] => [
    { path: `predicted.next_order_at_${end}`, kind: 'date' },
    ...SPANS.map((span): Field => ({ path: `predicted.orders_${span}_${end}`, kind: 'number' })),
    ...SPANS.map((span): Field => ({ path: `predicted.spend_${span}_${end}`, kind: 'money' })),
  ]),
  { path: 'rfm.group', kind: 'words', words: RFM_GROUPS },
  { path: 'rfm.recency', kind: 'number' },
  { path: 'rfm.frequency', kind: 'number' },
  { path: 'rfm.monetary', kind: 'number' },
  { path: 'rfm.cell', kind: 'text' },
  { path: 'favourite.category', kind: 'text' },
  { path: 'favourite.categories', kind: 'list' },
  { path: 'favourite.brand', kind: 'text' },
  { path: 'favourite.brands', kind: 'list' },
  { path: 'favourite.price_level', kind: 'words', words: PRICE_LEVELS },
  { path: 'favourite.discount_affinity', kind: 'share' },
  { path: 'replenish.next', kind: 'date' },
  { path: 'replenish.next_category', kind: 'text' },
  { path: 'preferred_channel', kind: 'words', words: READ_ON },
  ...READ_ON.flatMap((channel): Field[] => [
    { path: `best_time.${channel}.hour`, kind: 'hour' },
    { path: `best_time.${channel}.weekday`, kind: 'words', words: WEEKDAYS },
  ]),
  { path: 'lead.score', kind: 'number' },
  { path: 'lead.grade', kind: 'text' },
  { path: 'lead.probability', kind: 'share' },
  { path: 'lead.status', kind: 'words', words: LEAD_STATUS },
  { path: 'lead.assignee', kind: 'text' },
  { path: 'cart.buys_alone', kind: 'share' },
  { path: 'cart.best_delay_minutes', kind: 'minutes' },
];

/** The standard fields of a profile, docs/segments.md. */
export const PROFILE_FIELDS: readonly Field[] = [
  { path: 'lifecycle', kind: 'words', words: LIFECYCLE },
  { path: 'orders.count', kind: 'number' },
  { path: 'orders.revenue', kind: 'money' },
  { path: 'orders.average', kind: 'money' },
  { path: 'orders.refunded', kind: 'money' },
  { path: 'orders.cancelled', kind: 'number' },
  { path: 'orders.first_at', kind: 'date' },
  { path: 'orders.last_at', kind: 'date' },
  { path: 'name', kind: 'text' },
  { path: 'given_name', kind: 'text' },
  { path: 'email', kind: 'text' },
  { path: 'phone', kind: 'text' },
  { path: 'user_id', kind: 'text' },
  { path: 'id', kind: 'text' },
  { path: 'tags', kind: 'list' },
  { path: 'created_at', kind: 'date' },
  { path: 'first_seen_at', kind: 'date' },
  { path: 'last_seen_at', kind: 'date' },
  { path: 'cart.total', kind: 'money' },
  { path: 'cart.quantity', kind: 'number' },
  { path: 'cart.item_count', kind: 'number' },
  { path: 'cart.updated_at', kind: 'date' },
  { path: 'cart.abandoned_at', kind: 'date' },
  { path: 'cart.id', kind: 'text' },
  { path: 'cart.url', kind: 'text' },
  ...FORESEEN_FIELDS,
];

export const ORDER_FIELDS: readonly Field[] = [
  { path: 'source', kind: 'text' },
  { path: 'status', kind: 'words', words: ORDER_STATUS },
  { path: 'net', kind: 'money' },
  { path: 'total', kind: 'money' },
  { path: 'subtotal', kind: 'money' },
  { path: 'discount', kind: 'money' },
  { path: 'shipping', kind: 'money' },
  { path: 'tax', kind: 'money' },
  { path: 'gross', kind: 'money' },
  { path: 'refunded', kind: 'money' },
  { path: 'cost', kind: 'money' },
  { path: 'item_count', kind: 'number' },
  { path: 'coupon', kind: 'text' },
  { path: 'currency', kind: 'text' },
  { path: 'order_id', kind: 'text' },
];

export const LINE_FIELDS: readonly Field[] = [
  { path: 'category', kind: 'text' },
  { path: 'name', kind: 'text' },
  { path: 'product_id', kind: 'text' },
  { path: 'variant', kind: 'text' },
  { path: 'sku', kind: 'text' },
  { path: 'brand', kind: 'text' },
  { path: 'quantity', kind: 'number' },
  { path: 'price', kind: 'money' },
  { path: 'line_total', kind: 'money' },
];

const find = (fields: readonly Field[], path: string): Field | undefined => fields.find((field) => field.path === path);

/** A category that a customer will need again is part of its path: `replenish.ca_phe`. */
export const profileField = (path: string): Field | undefined =>
  find(PROFILE_FIELDS, path) ?? (/^replenish\.[^.]+$/.test(path) ? { path, kind: 'date' } : undefined);
export const orderField = (path: string): Field | undefined => find(ORDER_FIELDS, path);
export const lineField = (path: string): Field | undefined => find(LINE_FIELDS, path);

const TEXT: Op[] = ['eq', 'ne', 'in', 'not_in', 'contains', 'not_contains', 'starts_with', 'ends_with', 'like'];
const NUMBER: Op[] = ['gte', 'gt', 'eq', 'ne', 'lte', 'lt', 'in', 'not_in'];
const DATE: Op[] = [
  'within_last', 'older_than', 'within_next', 'further_than', 'on', 'before', 'after', 'anniversary_within',
  'anniversary_passed',
];
const THERE: Op[] = ['exists', 'not_exists'];

/** The operators for a kind of value, the likeliest first, and behind them all others: what is stored may be anything. */
export function operators(kind: Kind | undefined): { likely: Op[]; other: Op[] } {
  const likely: Op[] = (() => {
    switch (kind) {
      case 'number':
      case 'money':
      case 'share':
      case 'days':
      case 'minutes':
      case 'hour': return [...NUMBER, ...THERE];
      case 'date': return [...DATE, ...THERE];
      case 'truth': return ['eq', 'ne', ...THERE];
      case 'list': return ['contains', 'not_contains', 'in', 'not_in', ...THERE];
      case 'words': return ['eq', 'ne', 'in', 'not_in', ...THERE];
      default: return [...TEXT, ...THERE];
    }
  })();
  const every: Op[] = [...TEXT, ...NUMBER, ...DATE, ...THERE];
  return { likely, other: [...new Set(every)].filter((op) => !likely.includes(op)) };
}

/** What an operator wants beside it. */
export type Wants = 'nothing' | 'one' | 'text' | 'number' | 'many' | 'date' | 'span' | 'days';

export function wants(op: Op): Wants {
  switch (op) {
    case 'exists':
    case 'not_exists': return 'nothing';
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': return 'number';
    case 'in':
    case 'not_in': return 'many';
    case 'before':
    case 'after':
    case 'on': return 'date';
    case 'within_last':
    case 'older_than':
    case 'within_next':
    case 'further_than': return 'span';
    case 'anniversary_within':
    case 'anniversary_passed': return 'days';
    case 'starts_with':
    case 'ends_with':
    case 'like': return 'text';
    default: return 'one';
  }
}

/** The operators that compare the instant of an event or an order. */
export const INSTANT_OPS: readonly Op[] = DATE;
