import { expect, test } from 'vitest';
import { ticks } from './Trend';

test.each([
  [0, [0, 1]],
  [5.3, [0, 2, 4, 6]],
  [40, [0, 10, 20, 30, 40]],
  [1_000_000, [0, 250_000, 500_000, 750_000, 1_000_000]],
])('the axis of %d has round steps', (most, expected) => expect(ticks(most)).toEqual(expected));
