/** What a shop has set for itself, as one document, and how a part of it is changed. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { api, call, refresh } from '../../api';
import { settingsQuery } from '../../app/session';
import type { Forecasting } from '../predictions/forecasting';

export type ChannelName = 'email' | 'sms' | 'zalo' | 'push' | 'onsite' | 'webhook';

export type Purpose = 'marketing' | 'transactional' | 'profiling' | 'ads';
export type Window = 'sliding' | 'day' | 'week';

export interface Cap {
  /** None: all together. */
  channel?: ChannelName | null;
  /** None: all but the transactional one. */
  purpose?: Purpose | null;
  count: number;
  /** Of the sliding window alone. */
  hours?: number;
  /** None: sliding. */
  window?: Window;
}

export interface Hours {
  channel: ChannelName;
  /** None: all but the transactional one. */
  purpose?: Purpose | null;
  from: number;
  to: number;
}

export interface Settings {
  currency: string;
  time_zone: string;
  language: string;
  shop: { name: string; url: string; address: string; email: string; phone: string; [more: string]: unknown };
  cart_abandoned_after_minutes: number;
  cart_abandoned_learned?: boolean;
  policy: {
    country: string;
    caps: Cap[];
    hours: Hours[];
    holdout_percent: number;
    wait_hours_max: number;
    overrides?: { rule: string; reason: string; by?: string; at?: number | string }[];
  };
  topics: { id: string; name: string; name_en?: string }[];
  consent: { ask_on: ChannelName[]; ask_subject: string; ask_text: string; confirm_stops: boolean; stopped_subject: string; stopped_text: string };
  deliverability: { soft_bounces: number; soft_bounce_days: number; sunset?: { messages: number; days: number } | null };
  forecast?: Forecasting;
  utm_source: string;
  body_retention_days: number;
  retention: { event: string; days: number }[];
  rejection_retention_days: number;
  audit_retention_days: number;
  visitor_retention_days: number;
  allow_private_networks: boolean;
  public_url: string;
}

export function useSettings() {
  const query = useQuery(settingsQuery);
  return { settings: query.data as Settings | undefined, error: query.error, retry: () => void query.refetch() };
}

/** Changes the parts that are named; the rest stays. */
export function useChange() {
  return useMutation({
    mutationFn: async (patch: Partial<Settings>) => (await call(api.PATCH('/api/v1/settings', { body: patch as Record<string, never> }))) as unknown as Settings,
    onSuccess: () => refresh('settings'),
  });
}
