import { describe, expect, it } from 'vitest';
import { draftOf, idOf, toldOf } from './model';

describe('idOf', () => {
  it.each([['Trang chủ', 'trang_chu'], ['Đầu trang 2!', 'dau_trang_2'], ['2 cột', 'cot'], ['Popular', 'popular_2'], ['***', '']])('%s becomes %s', (name, id) => {
    expect(idOf(name)).toBe(id);
  });
});

describe('toldOf', () => {
  it('leaves out what does not belong to the choice', () => {
    const draft = { ...draftOf(undefined), segment: 'vip', fall_back: ['for_you', 'popular'], rules: { ...draftOf(undefined).rules, bought_days: 30 } };
    const told = toldOf(draft);
    expect([told.segment, told.rules?.bought_days, told.fall_back]).toEqual([null, null, ['popular']]);
    expect(toldOf({ ...draft, rules: { ...draft.rules, bought: 'days' } }).rules?.bought_days).toBe(30);
    expect(toldOf({ ...draft, rail: 'popular_in_segment' }).segment).toBe('vip');
  });
});
