import type { Tone } from '../../theme/theme';

export const STATUS_TONES: Record<string, Tone> = { draft: 'calm', active: 'good', paused: 'wait', archived: 'calm' };
