import { expect, test } from 'vitest';
import { brokenBy, type Law, patchOf, rulesOf } from './rules';
import type { Settings } from './settings';

const law = {
  code: 'vn', name: { vi: '', en: '' }, about: { vi: '', en: '' }, labels: [], opt_out: [], confirm_stop: [], do_not_call: true,
  caps: [{ rule: 'vn.cap.sms', weight: 'default', source: '', channel: 'sms', purpose: 'marketing', count: 3, hours: 24, window: 'sliding' }],
  hours: [
    { rule: 'vn.hours.sms', weight: 'firm', source: '', channel: 'sms', purpose: 'marketing', from: 420, to: 1_320 },
    { rule: 'vn.hours.zalo', weight: 'advice', source: '', channel: 'zalo', from: 420, to: 1_320 },
  ],
} as unknown as Law;

const settings = {
  policy: { country: 'vn', caps: [{ channel: 'sms', count: 3, hours: 24 }], hours: [{ channel: 'sms', from: 420, to: 1_320 }], holdout_percent: 0, wait_hours_max: 72 },
  topics: [], consent: { ask_on: ['email'], ask_subject: '', ask_text: '', confirm_stops: true, stopped_subject: '', stopped_text: '' },
} as unknown as Settings;

const rules = (change: (made: ReturnType<typeof rulesOf>) => void) => {
  const made = structuredClone(rulesOf(settings));
  change(made);
  return made;
};
const names = (made: ReturnType<typeof rulesOf>) => {
  const { caps, hours, reasons, order } = brokenBy(made, law);
  return [...caps.map((one) => one.rule), ...hours.map((one) => one.rule), ...reasons.map((one) => `why ${one}`), ...(order ? ['order'] : [])];
};

test('rules are kept as they were', () => {
  expect(patchOf(rulesOf(settings), law).policy).toEqual({ ...settings.policy, overrides: [] });
  expect(names(rulesOf(settings))).toEqual([]);
});

test('the law bounds the rules of the shop', () => {
  expect(names(rules((made) => { made.caps[0]!.count = 4; }))).toEqual(['vn.cap.sms']);
  expect(names(rules((made) => { made.caps[0]!.hours = 12; }))).toEqual(['vn.cap.sms']);
  expect(names(rules((made) => { made.caps[0]!.window = 'day'; }))).toEqual(['vn.cap.sms']);
  expect(names(rules((made) => { made.caps[0]!.purpose = 'ads'; }))).toEqual(['vn.cap.sms']);
  expect(names(rules((made) => { made.caps[0]!.channel = 'all'; made.caps[0]!.count = 1; }))).toEqual([]);
  expect(names(rules((made) => { made.hours[0]!.to = 1_380; }))).toEqual(['vn.hours.sms']);
  expect(names(rules((made) => { made.hours = []; }))).toEqual(['vn.hours.sms']);
  expect(names(rules((made) => { made.hours[0]!.to = 400; }))).toEqual(['order']);
});

test('a rule that leaves room is set aside with a reason, a firm one never', () => {
  expect(names(rules((made) => { made.caps = []; made.reasons['vn.cap.sms'] = 'khách ký đồng ý'; }))).toEqual([]);
  expect(names(rules((made) => { made.caps = []; made.reasons['vn.cap.sms'] = 'ngắn'; }))).toEqual(['why vn.cap.sms']);
  expect(names(rules((made) => { made.hours = []; made.reasons['vn.hours.sms'] = 'khách ký đồng ý'; }))).toEqual(['vn.hours.sms']);
  expect(names(rules((made) => { made.country = 'none'; }))).toContain('why country');
});
