/** What a campaign is made of, as docs/campaigns.md writes it. */
import { api, call, type Schema } from '../../api';
import type { WaysDoc } from '../../parts/Ways';
import type { Tone } from '../../theme/theme';

export type CampaignView = Schema<'CampaignView'>;
export type Report = Schema<'CampaignReport'>;

export const CHANNELS = ['email', 'sms', 'zalo', 'push'] as const;
export type ChannelName = (typeof CHANNELS)[number];
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export type Late = 'send' | 'skip';

export interface Recurring {
  type: 'recurring';
  every: 'day' | 'week' | 'month';
  interval?: number;
  weekdays?: Weekday[];
  days?: number[];
  time: string;
  zone?: 'shop' | 'recipient';
  late?: Late;
  from?: string;
  until?: string;
}

export type Schedule = { type: 'now' } | { type: 'at'; at: string } | { type: 'local'; at: string; late?: Late; best_hour?: boolean } | Recurring;

export interface Definition {
  name: string;
  audience: { segments: string[]; lists: string[]; everybody: boolean };
  exclude: { segments: string[]; lists: string[]; got_campaign_within_days?: number };
  channel: ChannelName;
  template: string;
  purpose: 'marketing' | 'transactional';
  schedule: Schedule;
  rate?: { count: number; per: 'minute' | 'hour' };
  utm?: { source?: string; medium?: string; campaign?: string; content?: string; term?: string };
  topic?: string;
  attribution_days: number;
  ways?: WaysDoc;
}

export const STATES = ['draft', 'scheduled', 'sending', 'paused', 'done', 'cancelled'] as const;

export const STATE_TONES: Record<string, Tone> = {
  draft: 'calm', scheduled: 'accent', sending: 'wait', paused: 'odd', done: 'good', cancelled: 'bad',
};

export function definitionOf(view: CampaignView): Definition {
  return view.definition as unknown as Definition;
}

export function isOver(state: string): boolean {
  return state === 'done' || state === 'cancelled';
}

/** Whether anybody is named at all. */
export function hasAudience({ audience }: Definition): boolean {
  return audience.everybody || audience.segments.length > 0 || audience.lists.length > 0;
}

export function share(part: number, of: number): number | null {
  return of > 0 ? part / of : null;
}

export const campaignQuery = (id: string) => ({
  queryKey: ['campaigns', id],
  queryFn: () => call(api.GET('/api/v1/campaigns/{id}', { params: { path: { id } } })),
});

export const reportQuery = (id: string) => ({
  queryKey: ['campaigns', id, 'report'],
  queryFn: () => call(api.GET('/api/v1/campaigns/{id}/report', { params: { path: { id } } })),
});

/** Segments and lists, as choices with their sizes. */
export const groupsQuery = {
  queryKey: ['segments', 'groups'],
  queryFn: async () => {
    const [segments, lists] = await Promise.all([
      call(api.GET('/api/v1/segments', { params: { query: { limit: 500 } } })),
      call(api.GET('/api/v1/lists')),
    ]);
    return { segments: segments.items.filter((one) => one.state !== 'archived'), lists: lists.items };
  },
};
