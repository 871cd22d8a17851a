// Undo and redo over whole documents. Documents share what did not change, so that a step costs little.

export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** What the last step was about: the same field typed in again is the same step. */
  key: string | null;
  at: number;
}

const STEPS_MAX = 200;
const TOGETHER_MS = 1_500;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], key: null, at: 0 };
}

/** A change. With a key that is the last step's, and soon after it, it belongs to that step. */
export function step<T>(history: History<T>, next: T, now: number, key: string | null = null): History<T> {
  if (next === history.present) return history;
  const isSame = key !== null && key === history.key && now - history.at < TOGETHER_MS && history.past.length > 0;
  const past = isSame ? history.past : [...history.past, history.present].slice(-STEPS_MAX);
  return { past, present: next, future: [], key, at: now };
}

export function undo<T>(history: History<T>): History<T> {
  const last = history.past[history.past.length - 1];
  if (last === undefined) return history;
  return { past: history.past.slice(0, -1), present: last, future: [history.present, ...history.future], key: null, at: 0 };
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, key: null, at: 0 };
}
