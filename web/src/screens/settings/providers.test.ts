import { expect, test } from 'vitest';
import type { Channel } from './channels';
import { providersOf, toldOf, valuesOf } from './providers';

const provider = (channel: 'email' | 'sms' | 'zalo', id: string) => {
  const found = providersOf[channel]?.find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};
const channel = (more: object): Channel => ({ channel: 'sms', is_set_up: true, enabled: true, updated_at: null, callback_url: 'https://q.vn/hooks/x', ...more }) as Channel;

test('secrets are never in the form, and go out only when they were entered', () => {
  const esms = provider('sms', 'esms');
  const held = channel({ provider: 'esms', api_key: '***', secret_key: '***', brandname: 'MOCLAN', advertising_brandname: '', sandbox: true, base_url: 'https://rest.esms.vn', timeout_ms: 9_000 });
  const values = valuesOf(esms, held);
  expect(values).toMatchObject({ api_key: '', secret_key: '', brandname: 'MOCLAN', sandbox: true, timeout_ms: 9_000 });
  expect(toldOf(esms, values, held)).toEqual({ provider: 'esms', brandname: 'MOCLAN', sandbox: true, base_url: 'https://rest.esms.vn', timeout_ms: 9_000 });
  expect(toldOf(esms, { ...values, secret_key: ' new ' }, held)).toMatchObject({ secret_key: 'new' });
});

test('another provider begins anew and takes nothing along', () => {
  const held = channel({ provider: 'esms', brandname: 'MOCLAN', sandbox: true, base_url: 'https://rest.esms.vn' });
  const speedsms = provider('sms', 'speedsms');
  const values = valuesOf(speedsms, held);
  expect(values).toMatchObject({ sender: '', care_type: '3', advertising_type: '' });
  expect(toldOf(speedsms, { ...values, token: 'abc', sender: 'MOCLAN' }, held)).toEqual({ provider: 'speedsms', token: 'abc', sender: 'MOCLAN', care_type: 3, timeout_ms: 20_000 });
});

test('what the form does not show stays as it is', () => {
  const held = channel({ channel: 'email', provider: 'sendgrid', api_key: '***', of_a_later_version: 5, from: { name: '', address: 'a@b.vn' } });
  const sendgrid = provider('email', 'sendgrid');
  expect(toldOf(sendgrid, valuesOf(sendgrid, held), held)).toEqual({ provider: 'sendgrid', of_a_later_version: 5 });
});
