import type { Schema } from '../../api';

export type Line = Schema<'MessageLine'>;
export type Whole = Schema<'WholeMessage'>;

/** Reasons by which the ledger is searched: those of our rules, of words that cannot be made, and of providers. */
export const REASONS = [
  'no_consent', 'consent_pending', 'consent_denied', 'suppressed', 'no_address', 'restricted', 'erased', 'holdout', 'outside_hours', 'frequency_cap',
  'waited_too_long', 'template_missing', 'template_broken', 'value_missing', 'render_stopped', 'channel_not_set_up', 'channel_misconfigured', 'retry_network',
  'retry_timeout', 'retry_throttled', 'retry_mailbox_full', 'retry_temporary', 'gave_up', 'hard_bounce', 'rejected_by_policy', 'too_large', 'invalid',
  'refused_by_provider', 'rescheduled', 'recipient_unreachable', 'recipient_stopped', 'template_refused', 'no_answer', 'interrupted', 'goal_reached', 'run_exited', 'campaign_cancelled', 'local_time_past', 'merged',
] as const;

/** The instant at which a day begins on the wall clock of a zone; some days later when told. */
export function instantOf(date: string, timeZone: string, daysLater = 0): string {
  const noon = Date.parse(`${date}T00:00:00Z`) + daysLater * 86_400_000;
  const offset = (at: number) => {
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(at));
    return Date.parse(`${parts.replace(' ', 'T')}Z`) - at;
  };
  const guess = noon - offset(noon);
  return new Date(noon - offset(guess)).toISOString();
}
