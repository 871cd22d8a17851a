import { expect, test } from 'vitest';
import { device } from './device';

test('a browser is named as its owner knows it', () => {
  const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36';
  expect(device(chrome)).toEqual({ browser: 'Chrome', system: 'Windows', isPhone: false });
  expect(device(`${chrome} Edg/126.0`).browser).toBe('Edge');
  expect(device(`${chrome} coc_coc_browser/126`).browser).toBe('Cốc Cốc');
  const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
  expect(device(phone)).toEqual({ browser: 'Safari', system: 'iPhone', isPhone: true });
  expect(device('')).toEqual({ browser: '', system: '', isPhone: false });
});
