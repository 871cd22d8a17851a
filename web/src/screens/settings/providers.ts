/** The providers of each channel, and what each wants to know. The words are in `texts/<language>/providers.json`. */
import type { Channel } from './channels';
import type { ChannelName } from './settings';

export interface Field {
  /** As the API calls it. */
  name: string;
  kind: 'text' | 'secret' | 'number' | 'switch' | 'choice' | 'tags';
  isRequired?: boolean;
  /** Shown on demand: right for nearly everybody as it is. */
  isMore?: boolean;
  /** In the form when the provider is set up for the first time. */
  initial?: string | number | boolean | string[];
  options?: string[];
  /** Options are numbers. */
  isNumber?: boolean;
  example?: string;
  min?: number;
  max?: number;
}

export interface Provider {
  id: string;
  name: string;
  /** `enter`: its console wants our address. `sent`: the address goes out with each message. `none`: it tells nothing. */
  callback: 'enter' | 'sent' | 'none';
  fields: Field[];
}

const timeout: Field = { name: 'timeout_ms', kind: 'number', isMore: true, initial: 20_000, min: 1, max: 120_000 };
const base = (example: string): Field => ({ name: 'base_url', kind: 'text', isMore: true, example });
const perSecond = (initial: number, max: number): Field => ({ name: 'per_second', kind: 'number', isMore: true, initial, min: 1, max });
const secret = (name: string, more: Partial<Field> = {}): Field => ({ name, kind: 'secret', ...more });

const all = {
  smtp: { id: 'smtp', name: 'SMTP', callback: 'none', fields: [] },
  ses: {
    id: 'ses', name: 'Amazon SES', callback: 'enter',
    fields: [
      { name: 'region', kind: 'text', isRequired: true, initial: 'ap-southeast-1', example: 'ap-southeast-1' },
      { name: 'access_key_id', kind: 'text', isRequired: true, example: 'AKIA…' },
      secret('secret_access_key', { isRequired: true }),
      { name: 'configuration_set', kind: 'text', example: 'quaylai' },
      { name: 'topic_arn', kind: 'text', example: 'arn:aws:sns:ap-southeast-1:…:quaylai' },
      secret('session_token', { isMore: true }),
      perSecond(10, 1_000), base('https://email.ap-southeast-1.amazonaws.com'), timeout,
    ],
  },
  sendgrid: {
    id: 'sendgrid', name: 'SendGrid', callback: 'enter',
    fields: [secret('api_key', { isRequired: true }), { name: 'webhook_public_key', kind: 'text', example: 'MFkwEwYHKoZIzj0…' }, perSecond(50, 10_000), base('https://api.sendgrid.com'), timeout],
  },
  mailgun: {
    id: 'mailgun', name: 'Mailgun', callback: 'enter',
    fields: [
      { name: 'domain', kind: 'text', isRequired: true, example: 'mg.shop.vn' }, secret('api_key', { isRequired: true }), secret('webhook_signing_key'),
      perSecond(20, 1_000), base('https://api.mailgun.net'), timeout,
    ],
  },
  esms: {
    id: 'esms', name: 'eSMS', callback: 'sent',
    fields: [
      secret('api_key', { isRequired: true }), secret('secret_key', { isRequired: true }),
      { name: 'brandname', kind: 'text', isRequired: true, example: 'MOCLAN' }, { name: 'advertising_brandname', kind: 'text', example: 'MOCLAN' },
      { name: 'sandbox', kind: 'switch', initial: false }, base('https://rest.esms.vn'), timeout,
    ],
  },
  speedsms: {
    id: 'speedsms', name: 'SpeedSMS', callback: 'none',
    fields: [
      secret('token', { isRequired: true }), { name: 'sender', kind: 'text', example: 'MOCLAN' },
      { name: 'care_type', kind: 'choice', initial: '3', options: ['2', '3', '4', '5'], isNumber: true }, { name: 'advertising_type', kind: 'number', min: 1, max: 9 },
      base('https://api.speedsms.vn'), timeout,
    ],
  },
  stringee: {
    id: 'stringee', name: 'Stringee', callback: 'none',
    fields: [
      { name: 'key_sid', kind: 'text', isRequired: true, example: 'SK…' }, secret('key_secret', { isRequired: true }),
      { name: 'brandname', kind: 'text', isRequired: true, example: 'MOCLAN' }, { name: 'advertising_brandname', kind: 'text', example: 'MOCLAN' },
      base('https://api.stringee.com'), timeout,
    ],
  },
  twilio: {
    id: 'twilio', name: 'Twilio', callback: 'sent',
    fields: [
      { name: 'account_sid', kind: 'text', isRequired: true, example: 'AC…' }, secret('auth_token', { isRequired: true }),
      { name: 'from', kind: 'text', example: '+12025550100' }, { name: 'messaging_service_sid', kind: 'text', example: 'MG…' }, secret('webhook_key'),
      base('https://api.twilio.com'), timeout,
    ],
  },
  zalo: {
    id: 'zalo', name: 'Zalo Official Account', callback: 'enter',
    fields: [
      { name: 'app_id', kind: 'text', isRequired: true, example: '1234567890123456789' }, secret('app_secret', { isRequired: true }),
      { name: 'oa_id', kind: 'text', example: '9876543210987654321' }, secret('oa_secret_key'),
      { name: 'development', kind: 'switch', initial: false },
      { name: 'over_quota_templates', kind: 'tags', isMore: true, initial: [] }, { name: 'transaction_type', kind: 'text', isMore: true, initial: 'transaction_order', example: 'transaction_order' },
      { name: 'rate_per_second', kind: 'number', isMore: true, initial: 20, min: 1, max: 1_000 }, { name: 'concurrency', kind: 'number', isMore: true, initial: 8, min: 1, max: 64 },
      { name: 'oauth_base_url', kind: 'text', isMore: true, example: 'https://oauth.zaloapp.com' },
      { name: 'business_base_url', kind: 'text', isMore: true, example: 'https://business.openapi.zalo.me' },
      { name: 'openapi_base_url', kind: 'text', isMore: true, example: 'https://openapi.zalo.me' }, timeout,
    ],
  },
  onsite: { id: 'onsite', name: 'Quaylai', callback: 'none', fields: [secret('user_hash_secret')] },
} satisfies Record<string, Provider>;

export const providersOf: Partial<Record<ChannelName, Provider[]>> = {
  email: [all.smtp, all.ses, all.sendgrid, all.mailgun],
  sms: [all.esms, all.speedsms, all.stringee, all.twilio],
  zalo: [all.zalo],
  onsite: [all.onsite],
};

/** Who carries a channel when it is not set up yet. */
export function providerOf(channel: Channel): Provider | undefined {
  const known = providersOf[channel.channel] ?? [];
  return known.find((one) => one.id === channel.provider) ?? known[0];
}

export type Values = Record<string, string | number | boolean | string[]>;

/** What a form begins with: what is set up, secrets left empty. */
export function valuesOf(provider: Provider, channel: Channel): Values {
  const held = channel.provider === provider.id ? channel : undefined;
  return Object.fromEntries(
    provider.fields.map((field) => {
      const told = held?.[field.name];
      if (field.kind === 'secret') return [field.name, ''];
      const value = told === undefined || told === null ? (held ? undefined : field.initial) : told;
      if (field.kind === 'switch') return [field.name, value === true];
      if (field.kind === 'tags') return [field.name, (value as string[] | undefined) ?? []];
      if (field.kind === 'choice') return [field.name, value === undefined ? '' : String(value)];
      return [field.name, (value as string | number | undefined) ?? ''];
    }),
  );
}

const OURS = new Set(['channel', 'is_set_up', 'updated_at', 'callback_url', 'enabled', 'from', 'reply_to', 'return_path', 'returns', 'provider']);

/** What the API is sent: what was there and has no place in the form stays, an empty secret stays as it is. */
export function toldOf(provider: Provider, values: Values, channel: Channel): Record<string, unknown> {
  const told: Record<string, unknown> = { provider: provider.id };
  if (channel.provider === provider.id) {
    const asked = new Set(provider.fields.map((field) => field.name));
    for (const [name, value] of Object.entries(channel)) if (!OURS.has(name) && !asked.has(name) && value !== null) told[name] = value;
  }
  for (const field of provider.fields) {
    const value = values[field.name];
    const text = typeof value === 'string' ? value.trim() : value;
    if (text === '' || text === undefined) continue;
    told[field.name] = field.kind === 'number' || field.isNumber ? Number(text) : text;
  }
  return told;
}

export const isKept = (channel: Channel, provider: Provider, name: string) => channel.provider === provider.id && !!channel[name];
