import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import en from '../../../texts/en/conditions.json';
import vi from '../../../texts/vi/conditions.json';
import enEvents from '../../../texts/en/events.json';
import viEvents from '../../../texts/vi/events.json';
import {
  CHOICES, GrammarError, OPS, edit, emptyTree, faults, find, groupNode, isSame, leafNode, parse, parseFilters, seconds, sentence, spans, wants, withOp, write,
  type ConditionContext, type Node, type Tree, type Words,
} from '.';

type Json = Record<string, unknown>;

const root = new URL('../../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Every whole condition of docs/segments.md. */
const documented: Json[] = [...read('docs/segments.md').matchAll(/```json\n([\s\S]*?)```/g)].map((found) => JSON.parse(found[1] ?? '') as Json);

/** The value that begins at `at` of a TOML text, as JSON. */
function inline(text: string, at: number): { value: unknown; end: number } {
  let [depth, end, isQuoted, json] = [0, at, false, ''];
  do {
    const c = text[end] ?? '';
    if (isQuoted) {
      if (c === '\\') {
        json += c + (text[end + 1] ?? '');
        end += 2;
        continue;
      }
      if (c === '"') isQuoted = false;
      json += c;
    } else if (c === '"') {
      isQuoted = true;
      json += c;
    } else {
      if ('{['.includes(c)) depth += 1;
      if ('}]'.includes(c)) depth -= 1;
      const key = /^[A-Za-z_][\w-]*(?=\s*=)/.exec(text.slice(end));
      if (key) {
        json += `"${key[0]}"`;
        end += key[0].length;
        continue;
      }
      json += c === '=' ? ':' : c;
    }
    end += 1;
  } while ((depth > 0 || isQuoted) && end < text.length);
  return { value: JSON.parse(json.replace(/,(\s*[\]}])/g, '$1')), end };
}

/** The conditions of the library of scenarios: of segments, and under `when`. */
function ofScenarios(): Json[] {
  const found: Json[] = [];
  const folder = new URL('crates/scenarios/library/', root);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.toml'))) {
    const whole = readFileSync(new URL(file, folder), 'utf8');
    // A parameter that stands alone is what it is when nobody chooses.
    const text = whole.replace(/"\[\[(\w+)\]\]"/g, (named, name: string) => {
      const told = new RegExp(`^name = "${name}"[\\s\\S]*?^default = ("[^"]*"|[\\d.]+)$`, 'm').exec(whole);
      return told?.[1] ?? named;
    });
    for (const one of text.matchAll(/\bwhen\s*=\s*(?=\{)/g)) found.push(inline(text, one.index + one[0].length).value as Json);
    for (const one of text.matchAll(/^(all|any|none)\s*=\s*(?=\[)/gm)) found.push({ [one[1] ?? '']: inline(text, one.index + one[0].length).value });
  }
  return found;
}

/** What goes without saying, taken out, so that two ways to write the same are one. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const made = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, bare(one)])) as Record<string, Json>;
  if (made.consent?.state === 'granted') delete made.consent.state;
  if (made.journey?.state === 'any') delete made.journey.state;
  for (const key of ['did', 'orders', 'message']) {
    const leaf = made[key];
    if (typeof leaf !== 'object') continue;
    if (leaf.op === undefined) leaf.op = 'gte';
    if (leaf.value === undefined) leaf.value = 1;
    if (leaf.measure === 'count') delete leaf.measure;
  }
  return made;
}

function words(texts: typeof vi): Words {
  const events: { does: Record<string, string> } = texts === vi ? viEvents : enEvents;
  const find = (key: string): string | undefined => {
    let at: unknown = texts;
    for (const part of key.split('.')) at = typeof at === 'object' && at !== null ? (at as Json)[part] : undefined;
    return typeof at === 'string' ? at : undefined;
  };
  return {
    t(key, values = {}) {
      const text = find(key) ?? find(`${key}_other`);
      if (text === undefined) throw new Error(`no text ${key}`);
      return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]));
    },
    has: (key) => find(key) !== undefined,
    does: (event) => events.does[event],
    number: (value) => new Intl.NumberFormat('vi-VN', { maximumFractionDigits: 4 }).format(value),
    money: (value) => `${new Intl.NumberFormat('vi-VN').format(value)} ₫`,
    date: (value) => value,
    name: (_, id) => (id === 'khach-quen' ? 'Khách quen' : undefined),
  };
}

const all = [...documented, ...ofScenarios()];

test('there is something to read', () => {
  expect(documented.length).toBeGreaterThan(40);
  expect(ofScenarios().length).toBeGreaterThan(8);
});

test.each(all.map((one) => [JSON.stringify(one).slice(0, 100), one] as const))('comes back as it was: %s', (_, one) => {
  const tree = parse(one);
  expect(bare(write(tree))).toEqual(bare(one));
  expect(isSame(tree, parse(write(tree)))).toBe(true);
  // What the library fills in by parameters is no duration yet.
  if (!JSON.stringify(one).includes('[[')) expect(faults(tree, 'journey')).toEqual([]);
});

test.each([['vi', vi], ['en', en as unknown as typeof vi]] as const)('every condition is said without a gap: %s', (_, texts) => {
  for (const one of all) {
    const said = sentence(parse(one), words(texts));
    expect(said).not.toMatch(/[{}|]|undefined|NaN|  | ,/);
    expect(said.length).toBeGreaterThan(5);
  }
});

test('sentences read as they would be spoken', () => {
  const say = (one: Json, texts: typeof vi = vi): string => sentence(parse(one), words(texts));
  const viewed = { did: { event: 'Product Viewed', where: [{ property: 'category', op: 'eq', value: 'Áo dài' }], window: { last: '7d' }, op: 'gte', value: 3 } };
  expect(say(viewed)).toBe('Đã xem sản phẩm ít nhất 3 lần trong 7 ngày qua, với danh mục là Áo dài');
  expect(say({ none: [{ orders: { window: { last: '60d' } } }] })).toBe('Chưa có đơn hàng nào trong 60 ngày qua');
  expect(say({ orders: { measure: { sum: 'net' }, op: 'gte', value: 5_000_000 } })).toBe('Có tổng giá trị thực nhận các đơn hàng ít nhất 5.000.000 ₫ từ trước đến nay');
  expect(say({ all: [{ segment: 'khach-quen' }, { any: [{ tag: 'vip' }, { tag: 'si' }] }] })).toBe('Thuộc phân khúc Khách quen và (có nhãn vip hoặc có nhãn si)');
  expect(say({ attribute: 'birthday', op: 'anniversary_within', value: '7d', calendar: 'lunar' })).toBe('Sinh nhật đến dịp hằng năm trong 7 ngày tới, tính theo lịch âm');
  expect(say({ did: { event: 'Checkout Started', window: { last: '7d' }, not_followed_by: { event: 'Order Completed', within: '24h' } } }))
    .toBe('Đã bắt đầu thanh toán ít nhất 1 lần trong 7 ngày qua, rồi không hoàn tất đặt hàng trong 24 giờ sau đó');
  expect(say({ message: { did: 'opened', channel: 'email', window: { last: '90d' } } })).toBe('Đã mở ít nhất 1 tin qua email trong 90 ngày qua');
  expect(say({ tag: 'vip' }, en as unknown as typeof vi)).toBe('Has the tag vip');
});

test('every kind of leaf and every operator can be made, and is whole or says what it lacks', () => {
  for (const choice of CHOICES) {
    const leaf = choice.make();
    const tree: Tree = { root: groupNode('all', [leafNode(leaf)]), bare: true };
    const json = write(tree);
    expect(bare(write(parse(json)))).toEqual(bare(json));
    expect(sentence(tree, words(vi)).length).toBeGreaterThan(3);
  }
  const kinds = new Set(CHOICES.map((choice) => choice.make().type));
  for (const type of ['attribute', 'tag', 'list', 'segment', 'consent', 'did', 'pick', 'orders', 'orderPick', 'message', 'journey', 'bucket', 'event', 'awaited', 'seen'] as const) {
    expect(kinds).toContain(type);
  }
  for (const op of OPS) {
    for (const before of [{ op: 'eq', value: 'Huế' }, { op: 'gte', value: 5 }, { op: 'in', value: ['a', 'b'] }, { op: 'within_last', value: '7d' }, { op: 'exists' }] as const) {
      const made = withOp(before as never, op);
      expect(made.op).toBe(op);
      if (wants(op) === 'nothing') expect(made.value).toBeUndefined();
    }
  }
});

test('what is not of the grammar is refused at its place', () => {
  const refuse = (value: unknown): string => {
    try {
      parse(value);
    } catch (error) {
      if (error instanceof GrammarError) return `${error.code} ${error.path}`;
      throw error;
    }
    return 'taken';
  };
  expect(refuse([])).toBe('type ');
  expect(refuse({})).toBe('kind ');
  expect(refuse({ tag: 'a', list: 'b' })).toBe('kind ');
  expect(refuse({ all: [{ tag: 1 }] })).toBe('type all.0.tag');
  expect(refuse({ did: { event: 'A', windows: {} } })).toBe('key did.windows');
  expect(refuse({ did: {} })).toBe('missing did');
  expect(refuse({ attribute: 'a', op: 'is' })).toBe('word op');
  expect(refuse({ did: { event: 'A', window: { last: '1d', this: 'day' } } })).toBe('kind did.window');
  expect(refuse({ last_order: { op: 'eq' } })).toBe('kind last_order');
  expect(refuse({ orders: { measure: { sum: 'net', max: 'net' }, value: 1 } })).toBe('kind orders.measure');
});

const lacks = (value: Json, context: ConditionContext = 'segment'): string[] => faults(parse(value), context).map((fault) => fault.lack);

test('what is missing or cannot be is told', () => {
  expect(lacks({ tag: '' })).toEqual(['tag']);
  expect(lacks({ all: [] })).toEqual(['parts']);
  expect(lacks({ did: { event: '', where: [{ property: '', op: 'eq' }] } })).toEqual(['event', 'property', 'value']);
  expect(lacks({ did: { event: 'A', window: { from_ago: '1d', to_ago: '2d' } } })).toEqual(['window']);
  expect(lacks({ did: { event: 'A', window: { last: '1d' }, not_followed_by: { event: 'B', within: '1d' } } })).toEqual(['order']);
  expect(lacks({ did: { event: 'A', measure: { sum: 'x' } } })).toEqual(['count']);
  expect(lacks({ bucket: { name: 'x', from: 50, to: 20 } })).toEqual(['range']);
  expect(lacks({ attribute: 'x', op: 'within_last', value: '0d' })).toEqual(['span']);
  expect(lacks({ attribute: 'x', op: 'anniversary_passed', value: '0d' })).toEqual(['value']);
  expect(lacks({ attribute: 'x', op: 'eq', value: { from: 'event.name' } }, 'journey')).toEqual([]);
  expect(lacks({ event: { name: 'A' } })).toEqual(['scope']);
  expect(lacks({ event: { name: 'A' } }, 'event')).toEqual([]);
  expect(lacks({ seen: { event: 'A' } }, 'event')).toEqual(['scope']);
  let deep: Json = { tag: 'a' };
  for (let n = 0; n < 8; n += 1) deep = { all: [deep] };
  expect(lacks(deep)).toEqual(['depth']);
});

test('a tree is changed without touching what stays', () => {
  let tree = parse({ all: [{ tag: 'a' }, { any: [{ tag: 'b' }, { tag: 'c' }] }, { none: [{ tag: 'd' }] }] });
  const tags = (node: Node = tree.root): string => (node.kind === 'leaf' ? `${node.negated ? '!' : ''}${(node.leaf as { tag: string }).tag}` : `${node.join}(${node.parts.map((part) => tags(part)).join(' ')})`);
  const idOf = (tag: string, node: Node = tree.root): string => (node.kind === 'leaf' ? ((node.leaf as { tag: string }).tag === tag ? node.id : '') : node.parts.map((part) => idOf(tag, part)).find(Boolean) ?? '');
  expect(tags()).toBe('all(a any(b c) !d)');
  const group = edit.parentOf(tree, idOf('b'))?.group.id ?? '';
  const before = tree;
  tree = edit.move(tree, idOf('a'), group, 1);
  expect(tags()).toBe('all(any(b a c) !d)');
  expect(before.root.parts[2]).toBe(tree.root.parts[1]);
  tree = edit.step(tree, idOf('b'), -1);
  expect(tags()).toBe('all(b any(a c) !d)');
  tree = edit.step(tree, idOf('b'), 1);
  expect(tags()).toBe('all(any(b a c) !d)');
  tree = edit.move(tree, idOf('b'), group, 3);
  expect(tags()).toBe('all(any(a c b) !d)');
  tree = edit.duplicate(tree, idOf('c'));
  expect(tags()).toBe('all(any(a c c b) !d)');
  tree = edit.wrap(tree, idOf('d'), 'any');
  expect(tags()).toBe('all(any(a c c b) any(!d))');
  tree = edit.unwrap(tree, group);
  expect(tags()).toBe('all(a c c b any(!d))');
  tree = edit.remove(tree, idOf('b'));
  expect(tags()).toBe('all(a c c any(!d))');
  expect(edit.mayMove(tree, tree.root.parts[3]?.id ?? '', tree.root.parts[3]?.id ?? '')).toBe(false);
  expect(edit.move(tree, idOf('a'), tree.root.id, 1)).toBe(tree);
});

test('a lone part is written alone, and a problem of the server finds its part', () => {
  const empty = emptyTree();
  const one = edit.insert(empty, empty.root.id, 0, leafNode({ type: 'tag', tag: 'vip' }));
  expect(write(one)).toEqual({ tag: 'vip' });
  const two = edit.insert(one, one.root.id, 9, leafNode({ type: 'tag', tag: 'si' }, true));
  expect(write(two)).toEqual({ all: [{ tag: 'vip' }, { none: [{ tag: 'si' }] }] });
  expect(find(two, 'all.1.none.0.tag')).toMatchObject({ node: { leaf: { tag: 'si' } }, rest: 'tag' });
  expect(find(one, 'tag')).toMatchObject({ node: { leaf: { tag: 'vip' } } });
  const any = edit.replace(one, one.root.id, (node) => (node.kind === 'group' ? { ...node, join: 'any' } : node));
  expect(write(any)).toEqual({ any: [{ tag: 'vip' }] });
});

test('durations and filters', () => {
  expect(spans('1h30m')).toEqual([{ n: 1, unit: 'h' }, { n: 30, unit: 'm' }]);
  expect(spans('30m1h')).toBeUndefined();
  expect(spans('')).toBeUndefined();
  expect(seconds('2w')).toBe(1_209_600);
  expect(parseFilters([{ property: 'x', op: 'exists' }], 'where')).toMatchObject([{ property: 'x', test: { op: 'exists' } }]);
});
