// Sentences: the same pieces are read as a text and shown in the editor with their slots as controls.
//
// A phrase is a text with slots in braces, `Đã {event} {count} {window}`; `{is|Đã}` is a slot that brings its own words.
// The words of each language stand in texts/*/conditions.json, so that each has its own order.

import { spans } from './duration';
import { lineField, orderField, profileField } from './fields';
import type { Kind } from './fields';
import { isReference } from './model';
import type { Ask, Check, Filter, Leaf, LeafNode, Measure, Node, Operand, Scalar, Test, Tree, Window } from './model';

export interface Words {
  /** A text of the namespace `conditions`. */
  t: (key: string, values?: Record<string, unknown>) => string;
  /** Whether a text is there at all. */
  has: (key: string) => boolean;
  /** What somebody does who causes the event, of events that have a name of ours. */
  does: (event: string) => string | undefined;
  number: (value: number) => string;
  /** An amount in the unit of the workspace's currency. */
  money: (value: number) => string;
  /** A date `2026-02-28`, or an instant. */
  date: (value: string) => string;
  /** What people call a thing that definitions name by its id. */
  name: (of: 'segment' | 'list' | 'journey' | 'campaign' | 'template', id: string) => string | undefined;
}

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'slot'; slot: string; text: string; missing: boolean };

const text = (value: string): Piece => ({ kind: 'text', text: value });
const slot = (name: string, value: string | undefined, words: Words): Piece =>
  value ? { kind: 'slot', slot: name, text: value, missing: false } : { kind: 'slot', slot: name, text: words.t(`blank.${name}`), missing: true };

type Slots = Record<string, Piece[]>;

/** Fills a phrase. A slot that is not there leaves nothing behind. */
function phrase(template: string, slots: Slots): Piece[] {
  const pieces: Piece[] = [];
  const add = (piece: Piece): void => {
    const last = pieces[pieces.length - 1];
    if (piece.kind === 'text' && last?.kind === 'text') last.text += piece.text;
    else pieces.push({ ...piece });
  };
  for (const part of template.split(/(\{[^}]+\})/)) {
    const found = /^\{([a-z_]+)(?:\|(.*))?\}$/i.exec(part);
    if (!found) {
      if (part) add(text(part));
      continue;
    }
    const [, name = '', own] = found;
    if (own !== undefined) add({ kind: 'slot', slot: name, text: own, missing: false });
    else (slots[name] ?? []).forEach(add);
  }
  return pieces;
}

/** What is joined from phrases, without doubled and stray spaces. */
export function plain(pieces: Piece[]): string {
  return pieces
    .map((piece) => piece.text)
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/\s+([,.:;)])/g, '$1')
    .trim();
}

export function sayDuration(value: string, words: Words): string {
  const found = spans(value);
  return found ? found.map(({ n, unit }) => words.t(`span.${unit}`, { count: n, n: words.number(n) })).join(' ') : value;
}

export function sayEvent(name: string, words: Words): string {
  return words.does(name) ?? words.t('event_unknown', { name });
}

/** A name of a field for people: known ones by their words, others as they are. */
export function sayField(of: 'profile' | 'order' | 'line' | 'property', path: string, words: Words): string {
  const key = `field.${of}.${path.replaceAll('.', '_')}`;
  if (words.has(key)) return words.t(key);
  if (of === 'profile' && path.startsWith('consents.')) {
    const [, channel = '', purpose = ''] = path.split('.');
    if (words.has(`purpose.${purpose}`)) return words.t('field_consent', { purpose: words.t(`purpose.${purpose}`), channel: words.t(`channel.${channel}`) });
  }
  if (of === 'profile' && path.startsWith('replenish.')) return words.t('field_replenish', { category: path.slice('replenish.'.length).replaceAll('_', ' ') });
  if (of === 'profile' && path.startsWith('attributes.')) return sayField(of, path.slice('attributes.'.length), words);
  return path;
}

function sayNumber(value: number, kind: Kind | undefined, words: Words): string {
  switch (kind) {
    case 'money': return words.money(value);
    case 'share': return words.t('share', { n: words.number(Math.round(value * 1e6) / 1e4) });
    case 'days': return words.t('span.d', { count: value, n: words.number(value) });
    case 'minutes': return words.t('span.m', { count: value, n: words.number(value) });
    case 'hour': return words.t('clock', { n: words.number(value) });
    default: return words.number(value);
  }
}

function sayScalar(value: Scalar, kind: Kind | undefined, field: string | undefined, words: Words): string {
  if (typeof value === 'boolean') return words.t(value ? 'truth.yes' : 'truth.no');
  if (typeof value === 'number') return sayNumber(value, kind, words);
  const known = field ? `word.${field.replaceAll('.', '_')}.${value}` : '';
  if (known && words.has(known)) return words.t(known);
  return value === '' ? words.t('empty_text') : value;
}

export function sayOperand(value: Operand | undefined, kind: Kind | undefined, field: string | undefined, words: Words): string | undefined {
  if (value === undefined) return undefined;
  if (isReference(value)) return sayReference(value.from, words);
  if (!Array.isArray(value)) return sayScalar(value, kind, field, words);
  if (value.length === 0) return undefined;
  const shown = value.slice(0, 5).map((one) => sayScalar(one, kind, field, words));
  const rest = value.length - shown.length;
  return rest > 0 ? words.t('and_more', { list: shown.join(', '), count: rest, n: words.number(rest) }) : shown.join(', ');
}

export function sayReference(reference: string, words: Words): string {
  const [root = '', ...rest] = reference.split('.');
  const path = rest.join('.');
  if (root === 'profile') return words.t('reference.profile', { field: sayField('profile', path, words) });
  if (path === 'name' || path === 'at') return words.t(`reference.${root}_${path}`);
  return words.t(`reference.${root}_property`, { property: sayField('property', path.replace(/^properties\./, ''), words) });
}

const DATED = ['before', 'after', 'on'];
const SPANNED = ['within_last', 'older_than', 'within_next', 'further_than', 'anniversary_within', 'anniversary_passed'];

function sayValue(test: Test, kind: Kind | undefined, field: string | undefined, words: Words): string | undefined {
  if (test.value === undefined || isReference(test.value)) return sayOperand(test.value, kind, field, words);
  if (typeof test.value === 'string' && DATED.includes(test.op)) return words.date(test.value);
  if (typeof test.value === 'string' && SPANNED.includes(test.op)) return sayDuration(test.value, words);
  return sayOperand(test.value, kind, field, words);
}

function testPieces(test: Test, kind: Kind | undefined, field: string | undefined, words: Words): Piece[] {
  return phrase(words.t(`test.${test.op}`), {
    op: [slot('op', words.t(`op.${test.op}`), words)],
    value: [slot('value', sayValue(test, kind, field, words), words)],
    calendar: [slot('calendar', words.t(`calendar.${test.calendar ?? 'solar'}`), words)],
  });
}

export function sayWindow(window: Window | undefined, words: Words): string {
  switch (window?.kind) {
    case undefined: return words.t('window.ever');
    case 'last': return words.t('window.last', { span: sayDuration(window.last, words) });
    case 'ago': return words.t('window.ago', { from: sayDuration(window.from, words), to: sayDuration(window.to, words) });
    case 'this': return words.t(`window.this_${window.period}`);
    case 'between': {
      const [from, to] = [window.from, window.to].map((one) => (one === undefined ? undefined : words.date(one)));
      if (from !== undefined && to !== undefined) return words.t('window.between', { from, to });
      if (from !== undefined) return words.t('window.since', { from });
      return words.t('window.until', { to: to ?? '' });
    }
  }
}

type Of = 'event' | 'order' | 'line';

function kindOf(of: Of, property: string): Kind | undefined {
  if (of === 'order') return orderField(property)?.kind ?? lineField(property)?.kind;
  if (of === 'line') return lineField(property)?.kind;
  return undefined;
}

const namespace = (of: Of): 'order' | 'line' | 'property' => (of === 'event' ? 'property' : of);

/** The words of a closed list, by the field they are of. */
const wordsOf = (of: Of | 'profile', path: string): string => `${of === 'profile' ? '' : `${of}_`}${path}`;

function sayMeasured(measure: Exclude<Measure, { kind: 'count' }>, of: 'event' | 'order', words: Words): string | undefined {
  if (!measure.property) return undefined;
  const isLine = of === 'order' && orderField(measure.property) === undefined;
  const property = sayField(of === 'event' ? 'property' : isLine ? 'line' : 'order', measure.property, words);
  return words.t(`measure.${measure.kind}`, { property });
}

function sayCheck(check: Check, of: 'event' | 'order', words: Words): string | undefined {
  const { measure, op, value } = check;
  if (value === undefined) return undefined;
  const isMoney = measure.kind !== 'count' && measure.kind !== 'distinct' && of === 'order' && kindOf('order', measure.property) === 'money';
  return words.t(`amount.${op}`, { value: isMoney ? words.money(value) : words.number(value) });
}

/** Which phrase of a countable thing: never, counted or measured. */
function manner(check: Check, negated: boolean): 'never' | 'counted' | 'measured' {
  if (check.measure.kind !== 'count') return 'measured';
  const isNever = negated ? check.op === 'gte' && check.value === 1 : check.op === 'eq' && check.value === 0;
  return isNever ? 'never' : 'counted';
}

function askPieces(ask: Ask, of: 'event' | 'order', words: Words): Slots {
  if (ask.kind === 'at') return { ask: [slot('ask', words.t('ask.at'), words)], test: testPieces(ask.test, 'date', undefined, words) };
  const kind = kindOf(of, ask.property);
  const name = ask.property ? words.t('ask.property', { property: sayField(namespace(of), ask.property, words) }) : undefined;
  return { ask: [slot('ask', name, words)], test: testPieces(ask.test, kind, wordsOf(of, ask.property), words) };
}

/** One filter on an event, an order or a line of it. */
export function filterPieces(filter: Filter, of: Of, words: Words): Piece[] {
  const name = filter.property ? sayField(namespace(of), filter.property, words) : undefined;
  return [
    slot('property', name, words),
    text(' '),
    ...testPieces(filter.test, kindOf(of, filter.property), wordsOf(of, filter.property), words),
  ];
}

/** The sentence of a leaf, without its filters. */
export function leafPieces(node: LeafNode, words: Words): Piece[] {
  const { leaf, negated } = node;
  const polarity = negated ? 'no' : 'yes';
  const say = (key: string, slots: Slots): Piece[] => phrase(words.t(`say.${key}`), slots);
  const window = (of: Window | undefined): Piece[] => [slot('window', sayWindow(of, words), words)];
  const event = (name: string): Piece[] => [slot('event', name ? sayEvent(name, words) : undefined, words)];
  const named = (of: 'segment' | 'list' | 'journey' | 'campaign' | 'template', id: string | undefined): string | undefined =>
    id ? (words.name(of, id) ?? id) : undefined;
  switch (leaf.type) {
    case 'attribute': {
      const kind = profileField(leaf.path)?.kind;
      return say(`attribute.${polarity}`, {
        path: [slot('path', leaf.path ? sayField('profile', leaf.path, words) : undefined, words)],
        test: testPieces(leaf.test, kind, wordsOf('profile', leaf.path), words),
      });
    }
    case 'tag': return say(`tag.${polarity}`, { tag: [slot('tag', leaf.tag || undefined, words)] });
    case 'list': return say(`list.${polarity}`, { list: [slot('list', named('list', leaf.list), words)] });
    case 'segment': return say(`segment.${polarity}`, { segment: [slot('segment', named('segment', leaf.segment), words)] });
    case 'consent':
      return say(`consent.${polarity}`, {
        state: [slot('state', words.t(`consent_state.${leaf.state}`), words)],
        purpose: [slot('purpose', words.t(`purpose.${leaf.purpose}`), words)],
        channel: [slot('channel', words.t(`channel.${leaf.channel}`), words)],
      });
    case 'did': {
      const how = manner(leaf.check, negated);
      const { measure } = leaf.check;
      const slots: Slots = {
        event: event(leaf.event),
        count: [slot('count', sayCheck(leaf.check, 'event', words), words)],
        measure: measure.kind === 'count' ? [] : [slot('measure', sayMeasured(measure, 'event', words), words)],
        window: window(leaf.window),
      };
      return say(how === 'never' ? 'did.never' : `did.${how}_${polarity}`, slots);
    }
    case 'pick': return say(`pick.${polarity}`, { end: [slot('end', words.t(`end.${leaf.end}`), words)], event: event(leaf.event), ...askPieces(leaf.ask, 'event', words) });
    case 'orders': {
      const how = manner(leaf.check, negated);
      const { measure } = leaf.check;
      const slots: Slots = {
        count: [slot('count', sayCheck(leaf.check, 'order', words), words)],
        measure: measure.kind === 'count' ? [] : [slot('measure', sayMeasured(measure, 'order', words), words)],
        window: window(leaf.window),
      };
      return say(how === 'never' ? 'orders.never' : `orders.${how}_${polarity}`, slots);
    }
    case 'orderPick': return say(`order_pick.${polarity}`, { end: [slot('end', words.t(`order_end.${leaf.end}`), words)], ...askPieces(leaf.ask, 'order', words) });
    case 'message': {
      const how = manner(leaf.check, negated);
      const chosen = (key: 'channel' | 'purpose' | 'template' | 'journey' | 'campaign'): string | undefined => {
        const value = leaf[key];
        if (value === undefined) return undefined;
        if (key === 'channel' || key === 'purpose') return words.t(`message_by.${key}`, { name: words.t(`${key}.${value}`) });
        return words.t(`message_by.${key}`, { name: named(key, value) ?? words.t(`blank.${key}`) });
      };
      const parts = (['channel', 'purpose', 'template', 'journey', 'campaign'] as const).map(chosen).filter((one) => one !== undefined);
      return say(how === 'never' ? 'message.never' : `message.counted_${polarity}`, {
        did: [slot('did', words.t(`happened.${leaf.did}`), words)],
        count: [slot('count', sayCheck(leaf.check, 'event', words), words)],
        which: [slot('which', parts.length > 0 ? parts.join(' ') : words.t('message_by.any'), words)],
        window: window(leaf.window),
      });
    }
    case 'journey':
      return say(`journey.${polarity}`, {
        state: [slot('state', words.t(`run_state.${leaf.state}`), words)],
        journey: [slot('journey', named('journey', leaf.journey), words)],
        window: window(leaf.window),
      });
    case 'bucket': {
      const part = words.t('bucket_part', { from: words.number(leaf.from), to: words.number(leaf.to) });
      return say(`bucket.${polarity}`, { part: [slot('part', part, words)], name: [slot('name', leaf.name || undefined, words)] });
    }
    case 'event':
    case 'awaited': {
      const name = leaf.name === undefined ? words.t('any_event') : leaf.name ? sayEvent(leaf.name, words) : undefined;
      return say(`${leaf.type}.${polarity}`, { event: [slot('event', name, words)] });
    }
    case 'seen': {
      const times = leaf.atLeast > 0 ? words.t('amount.gte', { value: words.number(leaf.atLeast) }) : undefined;
      return say(`seen.${polarity}`, { event: event(leaf.event), count: [slot('count', times, words)] });
    }
  }
}

/** The event that must not follow. */
export function followedPieces(leaf: Extract<Leaf, { type: 'did' }>, words: Words): Piece[] {
  const followed = leaf.notFollowedBy;
  if (!followed) return [];
  return phrase(words.t('say.not_followed_by'), {
    followed: [slot('followed', followed.event ? sayEvent(followed.event, words) : undefined, words)],
    within: [slot('within', followed.within ? sayDuration(followed.within, words) : undefined, words)],
  });
}

/** The filters of a leaf, in the order in which they are read. */
export function filtersOf(leaf: Leaf): { of: Of; key: 'where' | 'lines'; filters: Filter[] }[] {
  switch (leaf.type) {
    case 'did':
    case 'pick':
    case 'event':
    case 'awaited':
    case 'seen': return [{ of: 'event', key: 'where', filters: leaf.where }];
    case 'orders':
    case 'orderPick':
      return [{ of: 'order', key: 'where', filters: leaf.where }, { of: 'line', key: 'lines', filters: leaf.lines }];
    default: return [];
  }
}

/** A leaf with all that belongs to it, as one text. */
export function sayLeaf(node: LeafNode, words: Words): string {
  const parts = [plain(leafPieces(node, words))];
  for (const { of, filters } of filtersOf(node.leaf)) {
    if (filters.length === 0) continue;
    const list = filters.map((filter) => plain(filterPieces(filter, of, words))).join(words.t('and'));
    parts.push(words.t(`with.${of}`, { list }));
  }
  if (node.leaf.type === 'did' && node.leaf.notFollowedBy) {
    parts.push(plain(followedPieces(node.leaf, words)));
    const { where } = node.leaf.notFollowedBy;
    if (where.length > 0) {
      const list = where.map((filter) => plain(filterPieces(filter, 'event', words))).join(words.t('and'));
      parts.push(words.t('with.event', { list }));
    }
  }
  return parts.join(', ');
}

/** A sentence inside of another begins small, unless it begins with an abbreviation. */
const inside = (said: string): string => (/^\p{Lu}(\p{Lu}|\d)/u.test(said) ? said : said.charAt(0).toLocaleLowerCase() + said.slice(1));

export function sayNode(node: Node, words: Words, isInside = false): string {
  if (node.kind === 'leaf') return sayLeaf(node, words);
  if (node.parts.length === 0) return words.t('nothing');
  const parts = node.parts.map((part, at) => (at === 0 && !isInside ? sayNode(part, words, true) : inside(sayNode(part, words, true))));
  const joined = parts.join(words.t(node.join === 'all' ? 'and' : 'or'));
  if (node.join === 'none') return words.t('none_of', { list: joined });
  return isInside && parts.length > 1 ? words.t('bracketed', { list: joined }) : joined;
}

/** The whole condition as one text. */
export function sentence(tree: Tree, words: Words): string {
  const said = sayNode(tree.root, words);
  return said.charAt(0).toLocaleUpperCase() + said.slice(1);
}
