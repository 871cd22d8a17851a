/** The channels, and the mail services whose settings are known. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '../../api';
import type { ChannelName } from './settings';

export interface Channel {
  channel: ChannelName;
  is_set_up: boolean;
  enabled: boolean;
  updated_at: string | null;
  provider?: string;
  host?: string;
  port?: number;
  security?: 'none' | 'starttls' | 'tls';
  username?: string;
  password?: string;
  secret?: string;
  timeout_ms?: number;
  from?: { name: string; address: string } | null;
  reply_to?: string | null;
  return_path?: string | null;
  pool_max?: number;
  /** Where the provider calls back. */
  callback_url: string;
  /** Where mail comes back to, and the mailbox that is read; without one a mail server hands it over. */
  returns?: { address: string; mailbox?: Mailbox | null; poll_seconds?: number } | null;
  [more: string]: unknown;
}

export interface Mailbox {
  host: string;
  port: number;
  security: 'none' | 'starttls' | 'tls';
  username: string;
  password?: string;
  folder?: string;
  done_folder?: string | null;
}

export const channelsQuery = {
  queryKey: ['settings', 'channels'],
  queryFn: async () => (await call(api.GET('/api/v1/channels'))).items as unknown as Channel[],
};

export function useChannels() {
  return useQuery(channelsQuery);
}

export interface Preset {
  id: string;
  name: string;
  host: string;
  port: number;
  security: 'starttls' | 'tls';
  username?: string;
}

export const presets: Preset[] = [
  { id: 'ses', name: 'Amazon SES', host: 'email-smtp.ap-southeast-1.amazonaws.com', port: 587, security: 'starttls' },
  { id: 'brevo', name: 'Brevo', host: 'smtp-relay.brevo.com', port: 587, security: 'starttls' },
  { id: 'google', name: 'Google Workspace', host: 'smtp.gmail.com', port: 587, security: 'starttls' },
  { id: 'mailgun', name: 'Mailgun', host: 'smtp.mailgun.org', port: 587, security: 'starttls' },
  { id: 'microsoft', name: 'Microsoft 365', host: 'smtp.office365.com', port: 587, security: 'starttls' },
  { id: 'postmark', name: 'Postmark', host: 'smtp.postmarkapp.com', port: 587, security: 'starttls' },
  { id: 'sendgrid', name: 'SendGrid', host: 'smtp.sendgrid.net', port: 587, security: 'starttls', username: 'apikey' },
  { id: 'zoho', name: 'Zoho Mail', host: 'smtp.zoho.com', port: 587, security: 'starttls' },
];

/** Channels that this version has a provider for. */
export const CAN_BE_SET_UP: ChannelName[] = ['email', 'sms', 'zalo', 'push', 'onsite', 'webhook'];
