import { expect, test } from 'vitest';
import { areNumbers, attributeName, choiceOf, documentOf, draftOf, EMPTY, hasConsent, targetKey, targetsOf } from './mapping';

test('a suggestion becomes a draft, and a draft the document that the server reads', () => {
  const suggested = {
    columns: { Email: 'email', 'Ngày sinh': { to: 'attribute:birthday', type: 'date' }, 'Màu': 'attribute:mau', Shopee: 'buyer:shopee', 'Ghi chú': 'ignore' },
  };
  const draft = draftOf(suggested, ['Email', 'Ngày sinh', 'Màu', 'Shopee', 'Ghi chú', 'Khác'].map((name) => ({ name, samples: [] })), 'profiles');
  expect(draft.columns['Màu']).toMatchObject({ target: 'attribute:', name: 'mau' });
  expect(draft.columns['Ngày sinh']).toMatchObject({ target: 'attribute:birthday', type: 'date' });
  expect(draft.columns['Khác']).toEqual({ target: '', name: '' });
  const { columns } = documentOf({ ...draft, tags: ['vip'], separator: ';' });
  expect(columns).toEqual({ Email: 'email', 'Ngày sinh': { to: 'attribute:birthday', type: 'date' }, 'Màu': 'attribute:mau', Shopee: 'buyer:shopee' });
  expect(documentOf({ ...EMPTY, separator: ';' }).file).toEqual({ separator: ';' });
  expect(documentOf(EMPTY)).toEqual({ columns: {} });
});

test('a column that counts something is of numbers', () => {
  expect(areNumbers(['0', '3', '12,5'])).toBe(true);
  for (const samples of [['0901234567', '0912345678'], ['12'], ['1', 'hai'], ['123456789012', '1']]) expect(areNumbers(samples)).toBe(false);
});

test('names are plain', () => {
  expect(attributeName('Ngày mua đầu (VN)')).toBe('ngay_mua_dau_vn');
  expect(targetKey('consent:email.marketing')).toBe('consent_email_marketing');
  expect(targetKey('attribute:')).toBe('attribute_other');
  expect(choiceOf('consent:email.marketing', targetsOf('profiles').consent ?? []).target).toBe('consent:email.marketing');
  expect(hasConsent({ ...EMPTY, columns: { a: { target: 'consent:sms.marketing', name: '' } } })).toBe(true);
});
