import type { Schema } from '../../api';

export type Line = Schema<'MessageLine'>;
export type Whole = Schema<'WholeMessage'>;

/** Where a message went, in words: a device's name at its push service says nothing to people, and is long. */
export function shownAddress({ channel, address }: { channel: string; address?: string | null }, t: (key: string, more?: Record<string, string>) => string): string {
  if (!address || channel !== 'push') return address ?? '';
  if (address.startsWith('fcm:')) return t('device.app');
  return URL.canParse(address) ? t('device.browser', { host: new URL(address).host }) : address;
}

/** Reasons by which the ledger is searched: those of our rules, of words that cannot be made, and of providers. */
export const REASONS = [
  'no_consent', 'consent_pending', 'consent_denied', 'suppressed', 'do_not_call', 'topic_off', 'paused', 'personal_cap', 'gives_way', 'no_address', 'restricted', 'erased', 'holdout', 'outside_hours', 'frequency_cap',
  'waited_too_long', 'template_missing', 'template_broken', 'value_missing', 'render_stopped', 'channel_not_set_up', 'channel_misconfigured', 'retry_network',
  'retry_timeout', 'retry_throttled', 'retry_mailbox_full', 'retry_temporary', 'gave_up', 'hard_bounce', 'rejected_by_policy', 'too_large', 'invalid',
  'refused_by_provider', 'rescheduled', 'recipient_unreachable', 'recipient_stopped', 'template_refused', 'no_answer', 'interrupted', 'goal_reached', 'run_exited', 'campaign_cancelled', 'local_time_past', 'merged',
  'over_budget', 'too_long', 'way_chosen', 'fell_back', 'sunset', 'warm_up', 'domain_throttled', 'soft_bounce', 'device_gone',
] as const;
