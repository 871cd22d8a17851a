import type { Ask, Check, Filter, Leaf, Node, Test, Tree, Window } from './model';

type Json = Record<string, unknown>;

function written(test: Test): Json {
  const made: Json = { op: test.op };
  if (test.value !== undefined) made.value = test.value;
  if (test.calendar !== undefined) made.calendar = test.calendar;
  return made;
}

export function writeFilters(filters: Filter[]): Json[] {
  return filters.map((filter) => ({ property: filter.property, ...written(filter.test) }));
}

const where = (key: 'where' | 'lines', filters: Filter[]): Json => (filters.length > 0 ? { [key]: writeFilters(filters) } : {});

function windowed(window: Window | undefined): Json {
  switch (window?.kind) {
    case undefined: return {};
    case 'last': return { window: { last: window.last } };
    case 'ago': return { window: { from_ago: window.from, to_ago: window.to } };
    case 'this': return { window: { this: window.period } };
    case 'between': {
      const made: Json = {};
      if (window.from !== undefined) made.from = window.from;
      if (window.to !== undefined) made.to = window.to;
      return { window: made };
    }
  }
}

function checked({ measure, op, value }: Check): Json {
  if (measure.kind !== 'count') return { measure: { [measure.kind]: measure.property }, op, value };
  return op === 'gte' && value === 1 ? {} : { op, value };
}

function asked(ask: Ask): Json {
  return ask.kind === 'at' ? { at: written(ask.test) } : { property: ask.property, ...written(ask.test) };
}

const some = (from: Json): Json => Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined));

export function writeLeaf(leaf: Leaf): Json {
  switch (leaf.type) {
    case 'attribute': return { attribute: leaf.path, ...written(leaf.test) };
    case 'tag': return { tag: leaf.tag };
    case 'list': return { list: leaf.list };
    case 'segment': return { segment: leaf.segment };
    case 'consent': return { consent: { channel: leaf.channel, purpose: leaf.purpose, state: leaf.state } };
    case 'did': {
      const followed = leaf.notFollowedBy;
      return {
        did: {
          event: leaf.event,
          ...where('where', leaf.where),
          ...windowed(leaf.window),
          ...checked(leaf.check),
          ...(followed
            ? { not_followed_by: { event: followed.event, ...where('where', followed.where), within: followed.within } }
            : {}),
        },
      };
    }
    case 'pick': return { [leaf.end]: { event: leaf.event, ...where('where', leaf.where), ...asked(leaf.ask) } };
    case 'orders':
      return {
        orders: { ...where('where', leaf.where), ...where('lines', leaf.lines), ...windowed(leaf.window), ...checked(leaf.check) },
      };
    case 'orderPick':
      return { [`${leaf.end}_order`]: { ...where('where', leaf.where), ...where('lines', leaf.lines), ...asked(leaf.ask) } };
    case 'message': {
      const { did, channel, purpose, template, journey, campaign } = leaf;
      return {
        message: {
          ...some({ did, channel, purpose, template, journey, campaign }),
          ...windowed(leaf.window),
          ...checked(leaf.check),
        },
      };
    }
    case 'journey':
      return {
        journey: { journey: leaf.journey, ...(leaf.state === 'any' ? {} : { state: leaf.state }), ...windowed(leaf.window) },
      };
    case 'bucket': return { bucket: { name: leaf.name, from: leaf.from, to: leaf.to } };
    case 'event':
    case 'awaited': return { [leaf.type]: { ...some({ name: leaf.name }), ...where('where', leaf.where) } };
    case 'seen':
      return {
        seen: { event: leaf.event, ...where('where', leaf.where), ...(leaf.atLeast === 1 ? {} : { at_least: leaf.atLeast }) },
      };
  }
}

/** Called with each part and the path in the document at which it stands. */
type Visit = (node: Node, path: string) => void;

const join = (path: string, part: string | number): string => (path ? `${path}.${part}` : String(part));

function writeNode(node: Node, path: string, visit: Visit): Json {
  visit(node, path);
  if (node.kind === 'leaf') return node.negated ? { none: [writeLeaf(node.leaf)] } : writeLeaf(node.leaf);
  const here = join(path, node.join);
  return { [node.join]: node.parts.map((part, at) => writeNode(part, join(here, at), visit)) };
}

/** The JSON of a condition. */
export function write(tree: Tree, visit: Visit = () => {}): Json {
  const [only] = tree.root.parts;
  if (tree.bare && tree.root.join === 'all' && tree.root.parts.length === 1 && only !== undefined) return writeNode(only, '', visit);
  return writeNode(tree.root, '', visit);
}

/** The part that a path of the server's problems leads to, and the rest of the path inside of it. */
export function find(tree: Tree, path: string): { node: Node; rest: string } | undefined {
  let found: { node: Node; rest: string; at: number } | undefined;
  write(tree, (node, at) => {
    const inside = at === '' || path === at || path.startsWith(`${at}.`);
    if (inside && at.length >= (found?.at ?? -1)) found = { node, rest: path.slice(at === '' ? 0 : at.length + 1), at: at.length };
  });
  if (!found) return undefined;
  const { node } = found;
  const rest = node.kind === 'leaf' && node.negated ? found.rest.replace(/^none\.0\.?/, '') : found.rest;
  return { node, rest };
}

/** Whether two documents say the same, whatever is left out because it goes without saying. */
export function isSame(a: Tree, b: Tree): boolean {
  return JSON.stringify(sorted(write(a))) === JSON.stringify(sorted(write(b)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}
