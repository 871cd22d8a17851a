// What two versions of a journey differ in.
import { canonical } from './canonical';
import { type Definition, type NodeDoc, TRIGGER } from './types';
import { waysFrom } from './ways';

export interface FieldChange {
  /** As in the document: `template`, `paths.1.weight`. */
  path: string;
  before: unknown;
  after: unknown;
}

export type NodeState = 'added' | 'removed' | 'changed' | 'same';

export interface Diff {
  nodes: Map<string, { state: NodeState; changes: FieldChange[] }>;
  /** Name, trigger, entry, goal, exits. */
  settings: FieldChange[];
  /** Lines that are only in one of them: `from|field`. */
  linesAdded: Set<string>;
  linesRemoved: Set<string>;
  count: number;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isSame(one, b[i]));
  if (isPlain(a) && isPlain(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => isSame(a[key], b[key]));
  }
  return false;
}

function fields(before: unknown, after: unknown, path: string, into: FieldChange[]): void {
  if (isSame(before, after)) return;
  const isList = Array.isArray(before) && Array.isArray(after) && before.length === after.length;
  if ((isPlain(before) && isPlain(after) && !isCondition(path)) || isList) {
    const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) fields(a[key], b[key], path ? `${path}.${key}` : key, into);
    return;
  }
  into.push({ path, before, after });
}

/** A condition is told as a whole: a part of one says nothing. */
function isCondition(path: string): boolean {
  return /(^|\.)(when|where)$/.test(path);
}

const WAY = /(^|\.)(next|on_event|on_met|on_timeout|otherwise)$/;

/** Whether two definitions mean the same. */
export function isSameJourney(a: Definition, b: Definition): boolean {
  return a === b || isSame(canonical(a), canonical(b));
}

export function diff(toldBefore: Definition, toldAfter: Definition): Diff {
  const [before, after] = [canonical(toldBefore), canonical(toldAfter)];
  const nodes: Diff['nodes'] = new Map();
  for (const [id, node] of Object.entries(after.nodes)) {
    const old: NodeDoc | undefined = before.nodes[id];
    if (!old) {
      nodes.set(id, { state: 'added', changes: [] });
      continue;
    }
    const changes: FieldChange[] = [];
    fields(old, node, '', changes);
    const own = changes.filter((change) => !WAY.test(change.path));
    nodes.set(id, { state: own.length > 0 ? 'changed' : 'same', changes: own });
  }
  for (const id of Object.keys(before.nodes)) if (!(id in after.nodes)) nodes.set(id, { state: 'removed', changes: [] });
  const settings: FieldChange[] = [];
  for (const key of ['name', 'description', 'trigger', 'entry', 'goal', 'exit_when'] as const) fields(before[key], after[key], key, settings);
  const lines = (definition: Definition): Map<string, string> =>
    new Map([TRIGGER, ...Object.keys(definition.nodes)].flatMap((id) => waysFrom(definition, id)).map((way) => [`${way.from}|${way.field}`, way.to ?? '']));
  const [was, is] = [lines(before), lines(after)];
  const linesAdded = new Set([...is].filter(([id, to]) => was.get(id) !== to && to !== '').map(([id]) => id));
  const linesRemoved = new Set([...was].filter(([id, to]) => is.get(id) !== to && to !== '').map(([id]) => id));
  const changed = [...nodes.values()].filter((one) => one.state !== 'same').length;
  const isOnlyWays = changed === 0 && settings.length === 0;
  // In the words of whoever wrote them, not in the form in which they were compared.
  const at = (told: unknown, path: string): unknown => path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], told);
  for (const [id, one] of nodes) one.changes = one.changes.map(({ path }) => ({ path, before: at(toldBefore.nodes[id], path), after: at(toldAfter.nodes[id], path) }));
  settings.forEach((one, i) => {
    settings[i] = { path: one.path, before: at(toldBefore, one.path), after: at(toldAfter, one.path) };
  });
  return { nodes, settings, linesAdded, linesRemoved, count: changed + settings.length + (isOnlyWays ? linesAdded.size + linesRemoved.size : 0) };
}
