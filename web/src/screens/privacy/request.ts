import { api, call, type Schema } from '../../api';
import type { Tone } from '../../theme/theme';

export type Request = Schema<'RequestView'>;

export const KINDS = ['access', 'rectify', 'erase', 'restrict', 'withdraw', 'object'];
export const STATE_TONES: Record<string, Tone> = { received: 'wait', acknowledged: 'accent', completed: 'good', refused: 'calm' };
const DAY_MS = 86_400_000;
const SOON_DAYS = 3;

export function isOpen(request: Request): boolean {
  return request.state === 'received' || request.state === 'acknowledged';
}

/** Whole days until an instant; below zero when it has passed. */
export function daysUntil(iso: string, now: number = Date.now()): number {
  return Math.ceil((new Date(iso).getTime() - now) / DAY_MS);
}

/** How pressing a request is. */
export function urgencyOf(request: Request, now: number = Date.now()): Tone {
  if (!isOpen(request)) return 'calm';
  if (request.is_overdue) return 'bad';
  return daysUntil(request.due_at, now) <= SOON_DAYS ? 'wait' : 'good';
}

export function requestQuery(id: string) {
  return { queryKey: ['requests', id], queryFn: () => call(api.GET('/api/v1/requests/{id}', { params: { path: { id } } })) };
}
