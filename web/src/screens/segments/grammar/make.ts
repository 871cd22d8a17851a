// New parts, and what is still missing in them.

import { seconds } from './duration';
import { wants } from './fields';
import { isReference } from './model';
import type { ConditionContext, Filter, GroupNode, Join, Leaf, LeafNode, LeafType, Node, Test, Tree, Window } from './model';
import { LIMITS, freshId } from './model';

/** What there is to choose from, in groups. */
export interface Choice {
  key: string;
  group: 'did' | 'bought' | 'who' | 'reached' | 'run';
  make: () => Leaf;
}

const least = { measure: { kind: 'count' }, op: 'gte', value: 1 } as const;

export const CHOICES: readonly Choice[] = [
  { key: 'did', group: 'did', make: () => ({ type: 'did', event: '', where: [], window: { kind: 'last', last: '30d' }, check: { ...least } }) },
  {
    key: 'did_not_then',
    group: 'did',
    make: () => ({
      type: 'did', event: '', where: [], window: { kind: 'last', last: '30d' }, check: { ...least },
      notFollowedBy: { event: '', where: [], within: '24h' },
    }),
  },
  { key: 'first', group: 'did', make: () => ({ type: 'pick', end: 'first', event: '', where: [], ask: { kind: 'at', test: { op: 'within_last', value: '30d' } } }) },
  { key: 'last', group: 'did', make: () => ({ type: 'pick', end: 'last', event: '', where: [], ask: { kind: 'at', test: { op: 'older_than', value: '30d' } } }) },
  { key: 'orders', group: 'bought', make: () => ({ type: 'orders', where: [], lines: [], window: { kind: 'last', last: '90d' }, check: { ...least } }) },
  {
    key: 'spent',
    group: 'bought',
    make: () => ({ type: 'orders', where: [], lines: [], check: { measure: { kind: 'sum', property: 'net' }, op: 'gte' } }),
  },
  {
    key: 'product',
    group: 'bought',
    make: () => ({ type: 'orders', where: [], lines: [{ id: freshId(), property: 'category', test: { op: 'eq' } }], check: { ...least } }),
  },
  { key: 'first_order', group: 'bought', make: () => ({ type: 'orderPick', end: 'first', where: [], lines: [], ask: { kind: 'at', test: { op: 'within_last', value: '30d' } } }) },
  { key: 'last_order', group: 'bought', make: () => ({ type: 'orderPick', end: 'last', where: [], lines: [], ask: { kind: 'at', test: { op: 'older_than', value: '60d' } } }) },
  { key: 'attribute', group: 'who', make: () => ({ type: 'attribute', path: '', test: { op: 'eq' } }) },
  { key: 'lifecycle', group: 'who', make: () => ({ type: 'attribute', path: 'lifecycle', test: { op: 'eq', value: 'customer' } }) },
  { key: 'birthday', group: 'who', make: () => ({ type: 'attribute', path: 'birthday', test: { op: 'anniversary_within', value: '7d' } }) },
  { key: 'tag', group: 'who', make: () => ({ type: 'tag', tag: '' }) },
  { key: 'list', group: 'who', make: () => ({ type: 'list', list: '' }) },
  { key: 'segment', group: 'who', make: () => ({ type: 'segment', segment: '' }) },
  { key: 'consent', group: 'who', make: () => ({ type: 'consent', channel: 'email', purpose: 'marketing', state: 'granted' }) },
  { key: 'bucket', group: 'who', make: () => ({ type: 'bucket', name: '', from: 0, to: 50 }) },
  { key: 'message', group: 'reached', make: () => ({ type: 'message', did: 'opened', window: { kind: 'last', last: '90d' }, check: { ...least } }) },
  { key: 'journey', group: 'reached', make: () => ({ type: 'journey', journey: '', state: 'active' }) },
  { key: 'event', group: 'run', make: () => ({ type: 'event', where: [{ id: freshId(), property: '', test: { op: 'eq' } }] }) },
  { key: 'awaited', group: 'run', make: () => ({ type: 'awaited', where: [{ id: freshId(), property: '', test: { op: 'eq' } }] }) },
  { key: 'seen', group: 'run', make: () => ({ type: 'seen', event: '', where: [], atLeast: 1 }) },
];

export function choicesFor(context: ConditionContext): Choice[] {
  return CHOICES.filter((choice) => {
    if (choice.group !== 'run') return true;
    return context === 'journey' || (context === 'event' && choice.key === 'event');
  });
}

export function leafNode(leaf: Leaf, negated = false): LeafNode {
  return { kind: 'leaf', id: freshId(), negated, leaf };
}

/** What of a new part is written first: its first filter, where it has one, else its own sentence. */
export function firstOf({ id, leaf }: LeafNode): string {
  const lines = 'lines' in leaf ? leaf.lines[0] : undefined;
  const where = 'where' in leaf ? leaf.where[0] : undefined;
  return (lines ?? where)?.id ?? id;
}

export function groupNode(join: Join, parts: Node[] = []): GroupNode {
  return { kind: 'group', id: freshId(), join, parts };
}

export function blankFilter(property = ''): Filter {
  return { id: freshId(), property, test: { op: 'eq' } };
}

/** The same test with another operator: a value that does not fit it is gone. */
export function withOp(test: Test, op: Test['op']): Test {
  const made: Test = { op };
  const { value } = test;
  const next = wants(op);
  if (test.calendar && next === 'days') made.calendar = test.calendar;
  if (next === 'nothing' || value === undefined) return withDefault(made, next);
  if (isReference(value)) return { ...made, value };
  if (next === 'many') return { ...made, value: Array.isArray(value) ? value : wants(test.op) === 'many' || isPlain(test.op) ? [value] : [] };
  const single = Array.isArray(value) ? value[0] : value;
  if (single === undefined) return withDefault(made, next);
  if (next === 'number') return typeof single === 'number' ? { ...made, value: single } : /^-?\d+(\.\d+)?$/.test(String(single)) ? { ...made, value: Number(single) } : made;
  if (next === 'span' || next === 'days') {
    const fits = typeof single === 'string' && seconds(single) !== undefined && (next === 'span' || /^\d+[dw]$/.test(single));
    return fits ? { ...made, value: single } : withDefault(made, next);
  }
  if (next === 'date') return typeof single === 'string' && /^\d{4}-\d{2}-\d{2}/.test(single) ? { ...made, value: single } : made;
  if (next === 'text') return { ...made, value: String(single) };
  return isPlain(test.op) || wants(test.op) === 'number' || wants(test.op) === 'text' || wants(test.op) === 'many' ? { ...made, value: single } : made;
}

const isPlain = (op: Test['op']): boolean => ['one', 'text', 'number'].includes(wants(op));

function withDefault(test: Test, next: ReturnType<typeof wants>): Test {
  if (next === 'span') return { ...test, value: '30d' };
  if (next === 'days') return { ...test, value: '7d' };
  return test;
}

export type Lack =
  | 'event' | 'property' | 'path' | 'value' | 'tag' | 'list' | 'segment' | 'journey' | 'name' | 'measure' | 'window' | 'within'
  | 'where' | 'parts' | 'range' | 'depth' | 'count' | 'span' | 'scope' | 'followed' | 'order' | 'filters' | 'predicates';

/** Something that keeps a condition from being whole. */
export interface Fault {
  /** The part it is in. */
  node: string;
  /** The filter it is in, if it is in one. */
  filter?: string;
  lack: Lack;
}

function testLack(test: Test): Lack | undefined {
  const { value } = test;
  const kind = wants(test.op);
  if (kind === 'nothing') return undefined;
  if (value === undefined) return 'value';
  if (isReference(value)) return /^(profile|event|awaited)\../.test(value.from) ? undefined : 'value';
  if (kind === 'many') return Array.isArray(value) && value.length > 0 && value.length <= LIMITS.list ? undefined : 'value';
  if (Array.isArray(value)) return 'value';
  if (kind === 'number') return typeof value === 'number' && Number.isFinite(value) ? undefined : 'value';
  if (kind === 'text' || (kind === 'one' && (test.op === 'contains' || test.op === 'not_contains'))) return value === '' ? 'value' : undefined;
  if (kind === 'date') return typeof value === 'string' && /^(\d{4}-\d{2}-\d{2}|\d{2}\/\d{2}\/\d{4})/.test(value) ? undefined : 'value';
  if (kind === 'span') return spanLack(value);
  if (kind === 'days') {
    const days = typeof value === 'string' ? (seconds(value) ?? -1) / 86_400 : -1;
    return Number.isInteger(days) && days >= (test.op === 'anniversary_passed' ? 1 : 0) && days <= 350 ? undefined : 'value';
  }
  return undefined;
}

const TEN_YEARS = 3_653 * 86_400;

function spanLack(value: unknown): Lack | undefined {
  const length = typeof value === 'string' ? seconds(value) : undefined;
  return length !== undefined && length > 0 && length <= TEN_YEARS ? undefined : 'span';
}

function windowLack(window: Window | undefined): Lack | undefined {
  switch (window?.kind) {
    case undefined:
    case 'this': return undefined;
    case 'last': return spanLack(window.last) ? 'window' : undefined;
    case 'ago': {
      if (spanLack(window.from) ?? spanLack(window.to)) return 'window';
      return (seconds(window.from) ?? 0) > (seconds(window.to) ?? 0) ? undefined : 'window';
    }
    case 'between': {
      if (!window.from && !window.to) return 'window';
      return window.from && window.to && window.from > window.to ? 'window' : undefined;
    }
  }
}

function leafLacks(node: LeafNode, context: ConditionContext): Fault[] {
  const { leaf, id } = node;
  const faults: Fault[] = [];
  const add = (lack: Lack | undefined | false, filter?: string): void => {
    if (lack) faults.push(filter === undefined ? { node: id, lack } : { node: id, filter, lack });
  };
  const filters = (list: Filter[]): void => {
    add(list.length > LIMITS.filters && 'filters');
    for (const filter of list) {
      add(filter.property === '' && 'property', filter.id);
      add(testLack(filter.test), filter.id);
    }
  };
  const check = (leafCheck: { measure: { kind: string; property?: string }; value?: number | undefined }): void => {
    add(leafCheck.measure.kind !== 'count' && !leafCheck.measure.property && 'measure');
    add((leafCheck.value === undefined || !Number.isFinite(leafCheck.value)) && 'count');
  };
  switch (leaf.type) {
    case 'attribute':
      add(leaf.path === '' && 'path');
      add(testLack(leaf.test));
      break;
    case 'tag': add(leaf.tag === '' && 'tag'); break;
    case 'list': add(leaf.list === '' && 'list'); break;
    case 'segment': add(leaf.segment === '' && 'segment'); break;
    case 'consent': break;
    case 'did':
      add(leaf.event === '' && 'event');
      filters(leaf.where);
      add(windowLack(leaf.window));
      check(leaf.check);
      if (leaf.notFollowedBy) {
        add(leaf.notFollowedBy.event === '' && 'followed');
        add(spanLack(leaf.notFollowedBy.within) && 'within');
        const within = seconds(leaf.notFollowedBy.within) ?? 0;
        add(leaf.window?.kind === 'last' && within >= (seconds(leaf.window.last) ?? 0) && 'order');
        filters(leaf.notFollowedBy.where);
      }
      break;
    case 'pick':
    case 'orderPick':
      if (leaf.type === 'pick') add(leaf.event === '' && 'event');
      filters(leaf.where);
      if (leaf.type === 'orderPick') filters(leaf.lines);
      add(leaf.ask.kind === 'property' && leaf.ask.property === '' && 'property');
      add(testLack(leaf.ask.test));
      break;
    case 'orders':
      filters(leaf.where);
      filters(leaf.lines);
      add(windowLack(leaf.window));
      check(leaf.check);
      break;
    case 'message':
      add((['template', 'journey', 'campaign'] as const).some((key) => leaf[key] === '') && 'name');
      add(windowLack(leaf.window));
      check(leaf.check);
      break;
    case 'journey':
      add(leaf.journey === '' && 'journey');
      add(windowLack(leaf.window));
      break;
    case 'bucket':
      add(leaf.name === '' && 'name');
      add(!(leaf.from >= 0 && leaf.to <= 100 && leaf.from < leaf.to) && 'range');
      break;
    case 'event':
    case 'awaited':
      add(leaf.name === '' && 'event');
      add(leaf.name === undefined && leaf.where.length === 0 && 'where');
      filters(leaf.where);
      break;
    case 'seen':
      add(leaf.event === '' && 'event');
      add(!(Number.isInteger(leaf.atLeast) && leaf.atLeast > 0) && 'count');
      filters(leaf.where);
      break;
  }
  const isOfRun: LeafType[] = ['awaited', 'seen'];
  add((isOfRun.includes(leaf.type) && context !== 'journey') || (leaf.type === 'event' && context === 'segment') ? 'scope' : undefined);
  return faults;
}

/** What is missing or wrong, as far as that is known without the server. */
export function faults(tree: Tree, context: ConditionContext): Fault[] {
  const found: Fault[] = [];
  let predicates = 0;
  const visit = (node: Node, depth: number): void => {
    predicates += 1;
    if (depth > LIMITS.depth) found.push({ node: node.id, lack: 'depth' });
    if (node.kind === 'leaf') {
      predicates += node.negated ? 1 : 0;
      found.push(...leafLacks(node, context));
    } else {
      if (node.parts.length === 0) found.push({ node: node.id, lack: 'parts' });
      node.parts.forEach((part) => visit(part, depth + 1));
    }
  };
  const [only] = tree.root.parts;
  visit(tree.bare && tree.root.parts.length === 1 && only ? only : tree.root, 1);
  if (predicates > LIMITS.predicates) found.push({ node: tree.root.id, lack: 'predicates' });
  return found;
}
