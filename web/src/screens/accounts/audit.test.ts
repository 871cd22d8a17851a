import { expect, test } from 'vitest';
import { actionKey, kindOf, pathOf, verbOf } from './audit';

test('an entry has a key for its sentence, a verb and a thing', () => {
  expect(actionKey('POST /journeys/{id}/publish')).toBe('post_journeys_id_publish');
  expect(actionKey('sign_in_failed')).toBe('sign_in_failed');
  expect([verbOf('POST /keys'), verbOf('DELETE /keys/{id}'), verbOf('sign_in')]).toEqual(['made', 'deleted', 'did']);
  expect([kindOf('password-resets'), kindOf('profiles/01H')]).toEqual(['password_resets', 'profiles']);
});

test('a thing with a page of its own is linked', () => {
  expect(pathOf('profiles/01H')).toBe('/customers/01H');
  expect(pathOf('users/01H')).toBe('/staff');
  expect(pathOf('settings')).toBe('/settings');
  expect(pathOf('suppressions/email/#abc')).toBeNull();
});
