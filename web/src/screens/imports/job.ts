/** An import as the server keeps it. Its plan and progress are documents of their own kind. */
import { api, call, type Schema } from '../../api';
import type { Tone } from '../../theme/theme';

export type Job = Schema<'JobView'>;
export type Preview = Schema<'ImportPreview'>;
export type Trial = Schema<'ImportTrial'>;
export type Rejected = Schema<'RejectedRow'>;

export const KINDS = ['profiles', 'orders', 'products', 'events'] as const;
export type Kind = (typeof KINDS)[number];

export interface Progress {
  phase: string;
  rows_read: number;
  rows_taken: number;
  rows_rejected: number;
  rows_left_out: Record<string, number>;
  orders: number;
  bytes_read: number;
  bytes_total: number;
  started_at: number;
  ended_at: number;
  error: string | null;
  rejected: Rejected[];
  undo_total: number;
  undo_left: number;
}

const NOTHING: Progress = {
  phase: '', rows_read: 0, rows_taken: 0, rows_rejected: 0, rows_left_out: {}, orders: 0, bytes_read: 0, bytes_total: 0, started_at: 0, ended_at: 0, error: null,
  rejected: [], undo_total: 0, undo_left: 0,
};

export function progressOf(job: Job): Progress {
  return { ...NOTHING, ...(typeof job.progress === 'object' ? (job.progress as Partial<Progress>) : {}) };
}

export function kindOf(job: Job): Kind {
  const kind = (job.plan as { kind?: string } | null)?.kind;
  return KINDS.find((one) => one === kind) ?? 'profiles';
}

export const UNDER_WAY = ['waiting', 'running', 'cancelling', 'undoing'];

export function isUnderWay(job: Job): boolean {
  return UNDER_WAY.includes(job.state);
}

/** How much of it is done, from 0 to 1. */
export function shareOf(job: Job): number {
  const progress = progressOf(job);
  if (job.state === 'undoing') return progress.undo_total > 0 ? 1 - progress.undo_left / progress.undo_total : 0;
  if (job.state === 'completed' || job.state === 'undone') return 1;
  // Reading is not all: the last row has to be taken in too.
  const read = progress.bytes_total > 0 ? progress.bytes_read / progress.bytes_total : 0;
  return Math.min(read, 0.99);
}

export const STATE_TONES: Record<string, Tone> = {
  uploaded: 'wait', waiting: 'wait', running: 'accent', paused: 'wait', cancelling: 'wait', undoing: 'wait', completed: 'good', cancelled: 'calm', failed: 'bad', undone: 'calm',
};

export function jobQuery(id: string) {
  return {
    queryKey: ['jobs', 'import', id],
    queryFn: () => call(api.GET('/api/v1/imports/{id}', { params: { path: { id } } })),
  };
}
