/** Ready-made segments to begin with. Their names and texts are in segments.json below `ready`. */

export interface Ready {
  key: string;
  group: 'predicted' | 'rfm' | 'life' | 'behaviour' | 'contact';
  definition: Record<string, unknown>;
}

const last = (span: string): Record<string, string> => ({ last: span });

export const READY: readonly Ready[] = [
  { key: 'buys_soon', group: 'predicted', definition: { attribute: 'predicted.next_order_at', op: 'within_next', value: '14d' } },
  { key: 'likely_buyers', group: 'predicted', definition: { attribute: 'predicted.buys_30d', op: 'gte', value: 0.5 } },
  {
    key: 'win_back', group: 'predicted',
    definition: { all: [{ attribute: 'predicted.win_back_due', op: 'eq', value: true }, { attribute: 'predicted.win_back_at', op: 'within_last', value: '30d' }] },
  },
  { key: 'vip_predicted', group: 'predicted', definition: { attribute: 'predicted.spend_365d', op: 'gte', value: 5_000_000 } },
  { key: 'cooling', group: 'predicted', definition: { attribute: 'predicted.churn', op: 'eq', value: 'cooling' } },
  { key: 'replenish', group: 'predicted', definition: { attribute: 'replenish.next', op: 'within_next', value: '7d' } },
  { key: 'rfm_champions', group: 'rfm', definition: { attribute: 'rfm.group', op: 'eq', value: 'champions' } },
  { key: 'rfm_rising', group: 'rfm', definition: { attribute: 'rfm.group', op: 'in', value: ['potential_loyal', 'promising'] } },
  { key: 'rfm_precious', group: 'rfm', definition: { attribute: 'rfm.group', op: 'in', value: ['cannot_lose', 'at_risk'] } },
  {
    key: 'champions', group: 'rfm',
    definition: { all: [{ orders: { window: last('365d'), op: 'gte', value: 4 } }, { last_order: { at: { op: 'within_last', value: '60d' } } }] },
  },
  {
    key: 'loyal', group: 'rfm',
    definition: { all: [{ orders: { window: last('365d'), op: 'gte', value: 2 } }, { last_order: { at: { op: 'within_last', value: '120d' } } }] },
  },
  { key: 'big_spenders', group: 'rfm', definition: { orders: { window: last('365d'), measure: { sum: 'net' }, op: 'gte', value: 5_000_000 } } },
  {
    key: 'once', group: 'rfm',
    definition: { all: [{ attribute: 'orders.count', op: 'eq', value: 1 }, { last_order: { at: { op: 'older_than', value: '45d' } } }] },
  },
  {
    key: 'slipping', group: 'rfm',
    definition: { all: [{ attribute: 'orders.count', op: 'gte', value: 3 }, { last_order: { at: { op: 'older_than', value: '90d' } } }, { last_order: { at: { op: 'within_last', value: '365d' } } }] },
  },
  { key: 'lost', group: 'rfm', definition: { attribute: 'lifecycle', op: 'in', value: ['lapsing', 'lost'] } },
  { key: 'new_customers', group: 'life', definition: { first_order: { at: { op: 'within_last', value: '30d' } } } },
  {
    key: 'subscribers', group: 'life',
    definition: { all: [{ consent: { channel: 'email', purpose: 'marketing', state: 'granted' } }, { none: [{ orders: {} }] }] },
  },
  { key: 'birthday', group: 'life', definition: { attribute: 'birthday', op: 'anniversary_within', value: '7d' } },
  {
    key: 'anniversary', group: 'life',
    definition: { first_order: { at: { op: 'anniversary_within', value: '14d' } } },
  },
  {
    key: 'cart', group: 'behaviour',
    definition: { did: { event: 'Product Added', window: last('7d'), not_followed_by: { event: 'Order Completed', within: '24h' } } },
  },
  {
    key: 'checkout', group: 'behaviour',
    definition: { did: { event: 'Checkout Started', window: last('7d'), not_followed_by: { event: 'Order Completed', within: '2h' } } },
  },
  {
    key: 'browsers', group: 'behaviour',
    definition: { all: [{ did: { event: 'Product Viewed', window: last('14d'), op: 'gte', value: 3 } }, { none: [{ orders: { window: last('14d') } }] }] },
  },
  {
    key: 'coupons', group: 'behaviour',
    definition: { orders: { where: [{ property: 'coupon', op: 'exists' }], window: last('365d'), op: 'gte', value: 2 } },
  },
  {
    key: 'reachable', group: 'contact',
    definition: { all: [{ consent: { channel: 'email', purpose: 'marketing', state: 'granted' } }, { attribute: 'email', op: 'exists' }] },
  },
  { key: 'engaged', group: 'contact', definition: { message: { did: 'opened', channel: 'email', window: last('90d'), op: 'gte', value: 2 } } },
  {
    key: 'silent', group: 'contact',
    definition: { all: [{ message: { did: 'sent', channel: 'email', window: last('90d'), op: 'gte', value: 4 } }, { none: [{ message: { did: 'opened', channel: 'email', window: last('90d') } }] }] },
  },
];

export const READY_GROUPS = ['predicted', 'rfm', 'life', 'behaviour', 'contact'] as const;
