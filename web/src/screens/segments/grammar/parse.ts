import {
  CHANNELS, CONSENT_STATES, HAPPENED, JOINS, MEASURES, NUMBER_OPS, OPS, PERIODS, PURPOSES, RUN_STATES, freshId,
} from './model';
import type { Ask, Check, Filter, GroupNode, Join, Leaf, Measure, Node, NumberOp, Operand, Scalar, Test, Tree, Window } from './model';

/** What is not of the grammar, at its place in the document. */
export class GrammarError extends Error {
  constructor(readonly path: string, readonly code: 'type' | 'kind' | 'key' | 'missing' | 'word', readonly detail: string) {
    super(path ? `${path}: ${detail}` : detail);
    this.name = 'GrammarError';
  }
}

type Json = Record<string, unknown>;

function fail(path: string, code: GrammarError['code'], detail: string): never {
  throw new GrammarError(path, code, detail);
}

const join = (path: string, part: string | number): string => (path ? `${path}.${part}` : String(part));

function object(value: unknown, path: string, known: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'type', '{…}');
  const found = value as Json;
  const stray = Object.keys(found).find((key) => !known.includes(key));
  if (stray !== undefined) fail(join(path, stray), 'key', known.join(', '));
  return found;
}

function text(from: Json, key: string, path: string): string {
  const value = from[key];
  if (value === undefined) fail(path, 'missing', key);
  if (typeof value !== 'string') fail(join(path, key), 'type', '"…"');
  return value;
}

function optionalText(from: Json, key: string, path: string): string | undefined {
  return from[key] === undefined ? undefined : text(from, key, path);
}

function word<T extends string>(value: unknown, known: readonly T[], path: string): T {
  const found = known.find((one) => one === value);
  return found ?? fail(path, 'word', known.join(', '));
}

function optionalWord<T extends string>(from: Json, key: string, known: readonly T[], path: string): T | undefined {
  return from[key] === undefined ? undefined : word(from[key], known, join(path, key));
}

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);

function operand(value: unknown, path: string): Operand {
  if (isScalar(value)) return value;
  if (Array.isArray(value)) {
    if (!value.every(isScalar)) fail(path, 'type', '[…]');
    return value;
  }
  return { from: text(object(value, path, ['from']), 'from', path) };
}

function test(from: Json, path: string): Test {
  const made: Test = { op: word(text(from, 'op', path), OPS, join(path, 'op')) };
  if (from.value !== undefined) made.value = operand(from.value, join(path, 'value'));
  const calendar = optionalWord(from, 'calendar', ['solar', 'lunar'] as const, path);
  if (calendar === 'lunar') made.calendar = 'lunar';
  return made;
}

export function parseFilters(value: unknown, path: string): Filter[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) fail(path, 'type', '[…]');
  return value.map((one: unknown, at) => {
    const here = join(path, at);
    const from = object(one, here, ['property', 'op', 'value', 'calendar']);
    return { id: freshId(), property: text(from, 'property', here), test: test(from, here) };
  });
}

function window(from: Json, path: string): Window | undefined {
  if (from.window === undefined) return undefined;
  const here = join(path, 'window');
  const told = object(from.window, here, ['last', 'from_ago', 'to_ago', 'from', 'to', 'this']);
  const has = (...keys: string[]): boolean => keys.some((key) => told[key] !== undefined);
  const kinds = [has('last'), has('from_ago', 'to_ago'), has('from', 'to'), has('this')].filter(Boolean);
  if (kinds.length !== 1) fail(here, 'kind', 'last; from_ago + to_ago; from, to; this');
  if (has('last')) return { kind: 'last', last: text(told, 'last', here) };
  if (has('this')) return { kind: 'this', period: word(told.this, PERIODS, join(here, 'this')) };
  if (has('from_ago', 'to_ago')) return { kind: 'ago', from: text(told, 'from_ago', here), to: text(told, 'to_ago', here) };
  return { kind: 'between', from: optionalText(told, 'from', here), to: optionalText(told, 'to', here) };
}

function measure(from: Json, path: string): Measure {
  if (from.measure === undefined || from.measure === 'count') return { kind: 'count' };
  const here = join(path, 'measure');
  const told = object(from.measure, here, MEASURES);
  const kinds = Object.keys(told);
  const kind = kinds[0];
  if (kinds.length !== 1 || kind === undefined) fail(here, 'kind', MEASURES.join(', '));
  return { kind: word(kind, MEASURES, here), property: text(told, kind, here) };
}

function check(from: Json, path: string): Check {
  const made: Check = { measure: measure(from, path), op: optionalWord(from, 'op', NUMBER_OPS, path) ?? ('gte' as NumberOp) };
  if (from.value === undefined) {
    if (made.measure.kind === 'count') made.value = 1;
  } else if (typeof from.value === 'number') made.value = from.value;
  else fail(join(path, 'value'), 'type', '1, 2.5');
  return made;
}

function ask(from: Json, path: string): Ask {
  if (from.at !== undefined && from.property === undefined) {
    const here = join(path, 'at');
    return { kind: 'at', test: test(object(from.at, here, ['op', 'value', 'calendar']), here) };
  }
  if (from.at === undefined && from.property !== undefined) {
    return { kind: 'property', property: text(from, 'property', path), test: test(from, path) };
  }
  return fail(path, 'kind', 'at, property');
}

const CHECKED = ['measure', 'op', 'value'];
const ASKED = ['at', 'property', 'op', 'value', 'calendar'];

function percent(from: Json, key: string, path: string): number {
  const value = from[key];
  if (value === undefined) fail(path, 'missing', key);
  if (typeof value !== 'number') fail(join(path, key), 'type', '0…100');
  return value;
}

function leaf(kind: string, value: unknown, path: string): Leaf {
  const of = (...known: string[]): Json => object(value, path, known);
  switch (kind) {
    case 'consent': {
      const from = of('channel', 'purpose', 'state');
      return {
        type: 'consent',
        channel: word(text(from, 'channel', path), CHANNELS, join(path, 'channel')),
        purpose: word(text(from, 'purpose', path), PURPOSES, join(path, 'purpose')),
        state: optionalWord(from, 'state', CONSENT_STATES, path) ?? 'granted',
      };
    }
    case 'did': {
      const from = of('event', 'where', 'window', 'not_followed_by', ...CHECKED);
      const made: Leaf = {
        type: 'did',
        event: text(from, 'event', path),
        where: parseFilters(from.where, join(path, 'where')),
        window: window(from, path),
        check: check(from, path),
      };
      if (from.not_followed_by !== undefined) {
        const here = join(path, 'not_followed_by');
        const told = object(from.not_followed_by, here, ['event', 'where', 'within']);
        made.notFollowedBy = {
          event: text(told, 'event', here),
          where: parseFilters(told.where, join(here, 'where')),
          within: text(told, 'within', here),
        };
      }
      return made;
    }
    case 'first':
    case 'last': {
      const from = of('event', 'where', ...ASKED);
      const where = parseFilters(from.where, join(path, 'where'));
      return { type: 'pick', end: kind, event: text(from, 'event', path), where, ask: ask(from, path) };
    }
    case 'orders': {
      const from = of('where', 'lines', 'window', ...CHECKED);
      return {
        type: 'orders',
        where: parseFilters(from.where, join(path, 'where')),
        lines: parseFilters(from.lines, join(path, 'lines')),
        window: window(from, path),
        check: check(from, path),
      };
    }
    case 'first_order':
    case 'last_order': {
      const from = of('where', 'lines', ...ASKED);
      return {
        type: 'orderPick',
        end: kind === 'first_order' ? 'first' : 'last',
        where: parseFilters(from.where, join(path, 'where')),
        lines: parseFilters(from.lines, join(path, 'lines')),
        ask: ask(from, path),
      };
    }
    case 'message': {
      const from = of('did', 'channel', 'purpose', 'template', 'journey', 'campaign', 'window', 'op', 'value');
      return {
        type: 'message',
        did: word(text(from, 'did', path), HAPPENED, join(path, 'did')),
        channel: optionalWord(from, 'channel', CHANNELS, path),
        purpose: optionalWord(from, 'purpose', PURPOSES, path),
        template: optionalText(from, 'template', path),
        journey: optionalText(from, 'journey', path),
        campaign: optionalText(from, 'campaign', path),
        window: window(from, path),
        check: check(from, path),
      };
    }
    case 'journey': {
      const from = of('journey', 'state', 'window');
      return {
        type: 'journey',
        journey: text(from, 'journey', path),
        state: optionalWord(from, 'state', RUN_STATES, path) ?? 'any',
        window: window(from, path),
      };
    }
    case 'bucket': {
      const from = of('name', 'from', 'to');
      return { type: 'bucket', name: text(from, 'name', path), from: percent(from, 'from', path), to: percent(from, 'to', path) };
    }
    case 'event':
    case 'awaited': {
      const from = of('name', 'where');
      return { type: kind, name: optionalText(from, 'name', path), where: parseFilters(from.where, join(path, 'where')) };
    }
    default: {
      const from = of('event', 'where', 'at_least');
      const atLeast = from.at_least ?? 1;
      if (typeof atLeast !== 'number') fail(join(path, 'at_least'), 'type', '1, 2…');
      const where = parseFilters(from.where, join(path, 'where'));
      return { type: 'seen', event: text(from, 'event', path), where, atLeast };
    }
  }
}

const KINDS = [
  ...JOINS, 'attribute', 'tag', 'list', 'segment', 'consent', 'did', 'first', 'last', 'orders', 'first_order',
  'last_order', 'message', 'journey', 'bucket', 'event', 'awaited', 'seen',
];

function node(value: unknown, path: string, depth: number): Node {
  if (depth > 32) fail(path, 'kind', '8');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'type', '{…}');
  const kinds = Object.keys(value).filter((key) => KINDS.includes(key));
  const kind = kinds[0];
  if (kinds.length !== 1 || kind === undefined) fail(path, 'kind', KINDS.join(', '));
  const here = join(path, kind);
  const id = freshId();
  const one = (made: Leaf): Node => ({ kind: 'leaf', id, negated: false, leaf: made });
  if (kind === 'all' || kind === 'any' || kind === 'none') {
    const list = object(value, path, [kind])[kind];
    if (!Array.isArray(list)) fail(here, 'type', '[…]');
    const parts = list.map((part: unknown, at) => node(part, join(here, at), depth + 1));
    const [only] = parts;
    if (kind === 'none' && parts.length === 1 && only?.kind === 'leaf' && !only.negated) return { ...only, negated: true };
    return { kind: 'group', id, join: kind as Join, parts };
  }
  if (kind === 'attribute') {
    const from = object(value, path, ['attribute', 'op', 'value', 'calendar']);
    return one({ type: 'attribute', path: text(from, 'attribute', path), test: test(from, path) });
  }
  const inner = object(value, path, [kind]);
  if (kind === 'tag') return one({ type: 'tag', tag: text(inner, 'tag', path) });
  if (kind === 'list') return one({ type: 'list', list: text(inner, 'list', path) });
  if (kind === 'segment') return one({ type: 'segment', segment: text(inner, 'segment', path) });
  return one(leaf(kind, inner[kind], here));
}

/** Reads the JSON of a condition. Throws a [GrammarError] for what is not of the grammar. */
export function parse(value: unknown): Tree {
  const root = node(value, '', 0);
  if (root.kind === 'group') return { root, bare: false };
  return { root: { kind: 'group', id: freshId(), join: 'all', parts: [root] }, bare: true };
}

/** A tree with nothing in it. */
export function emptyTree(): Tree {
  return { root: { kind: 'group', id: freshId(), join: 'all', parts: [] } satisfies GroupNode, bare: true };
}
