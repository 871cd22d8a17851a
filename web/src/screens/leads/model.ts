/** What leads are made of: shapes, queries and the document of rules as it is edited. */
import { api, call, refresh, type Schema } from '../../api';
import type { Tone } from '../../theme/theme';

export type Lead = Schema<'LeadView'>;
export type LeadDetail = Schema<'LeadDetail'>;
export type Preview = Schema<'LeadPreviewView'>;

export const STATUSES = ['new', 'assigned', 'contacted', 'qualified', 'disqualified', 'won', 'lost'] as const;
export type Status = (typeof STATUSES)[number];

export const isStatus = (told: string | null | undefined): told is Status => STATUSES.some((one) => one === told);

export const statusTone: Record<Status, Tone> = { new: 'accent', assigned: 'wait', contacted: 'wait', qualified: 'good', disqualified: 'calm', won: 'good', lost: 'calm' };

export interface Rule {
  id: string;
  name: string;
  when?: Record<string, unknown>;
  on?: { event: string; where?: Record<string, unknown>[] };
  points: number;
  cap?: number;
  per?: { points: number; days: number };
  half_life_days?: number;
}

export interface Handover {
  from: number;
  rearm_below: number;
  again_after_days?: number;
  assignees: string[];
  notify: boolean;
}

/** docs/leads.md. */
export interface Rules {
  audience: 'prospects' | 'everyone';
  floor: number;
  ceiling: number;
  rules: Rule[];
  grades: { name: string; from: number }[];
  handover?: Handover;
}

export const newId = (rules: Rule[]): string => {
  let at = rules.length + 1;
  while (rules.some((rule) => rule.id === `r${at}`)) at += 1;
  return `r${at}`;
};

/** What a shop without rules begins with; the names are in its language. */
export function firstRules(t: (key: string) => string): Rules {
  const on = (id: string, event: string, points: number, more: Partial<Rule>): Rule => ({ id, name: t(`first.${id}`), on: { event }, points, ...more });
  return {
    audience: 'prospects', floor: 0, ceiling: 100,
    rules: [
      on('views', 'Product Viewed', 2, { per: { points: 6, days: 1 }, cap: 20, half_life_days: 7 }),
      on('carts', 'Product Added', 12, { cap: 36, half_life_days: 10 }),
      on('checkouts', 'Checkout Started', 20, { cap: 40, half_life_days: 7 }),
      on('forms', 'Form Submitted', 15, { cap: 30, half_life_days: 30 }),
      on('clicks', 'Email Link Clicked', 6, { cap: 18, half_life_days: 14 }),
      { id: 'phone', name: t('first.phone'), when: { attribute: 'phone', op: 'exists' }, points: 10 },
      on('gone', 'Unsubscribed', -25, { half_life_days: 60 }),
    ],
    grades: [{ name: 'A', from: 60 }, { name: 'B', from: 30 }, { name: 'C', from: 10 }],
  };
}

export const rulesQuery = { queryKey: ['segments', 'lead-rules'] as const, queryFn: () => call(api.GET('/api/v1/lead-rules')) };
export const reportQuery = { queryKey: ['people', 'leads', 'report'] as const, queryFn: () => call(api.GET('/api/v1/reports/leads')) };
export const assigneesQuery = { queryKey: ['people', 'leads', 'assignees'] as const, queryFn: () => call(api.GET('/api/v1/leads/assignees')), staleTime: 300_000 };
export const waitingQuery = { queryKey: ['people', 'leads', 'waiting'] as const, queryFn: () => call(api.GET('/api/v1/leads/hand-over')) };
export const leadQuery = (id: string) => ({ queryKey: ['people', 'leads', id] as const, queryFn: () => call(api.GET('/api/v1/leads/{id}', { params: { path: { id } } })) });

export async function changeLead(id: string, body: { status?: string; assignee?: string }): Promise<LeadDetail> {
  const lead = await call(api.PATCH('/api/v1/leads/{id}', { params: { path: { id } }, body }));
  await refresh('people');
  return lead;
}

/** Of a signal of the model: `views`, `has_phone`, `source:facebook`. */
export const sourceOf = (code: string): string | null => (code.startsWith('source:') ? code.slice(7) : null);
