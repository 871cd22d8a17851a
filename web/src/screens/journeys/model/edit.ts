// Every change of a journey's picture as a function from one definition to the next. Nothing is changed in place, and
// what an edit does not touch stays the same object, so that only what changed is drawn again.
import { type Definition, type NodeDoc, type NodeKind, TRIGGER, type Way, type WayRef } from './types';
import { allWays, orphans, reachable, setWay, wayAt, waysFrom, waysOf, withWay } from './ways';

/** A free id that says what the node is: `send_2`. */
export function freshId(nodes: Record<string, unknown>, kind: string, taken: ReadonlySet<string> = new Set()): string {
  for (let n = 1; ; n += 1) {
    const id = `${kind}_${n}`;
    if (!(id in nodes) && !taken.has(id)) return id;
  }
}

/** What a node of a kind is when it is put in. */
export function newNode(kind: NodeKind): NodeDoc {
  switch (kind) {
    case 'send': return { type: kind, channel: 'email', template: '', purpose: 'marketing' };
    case 'delay': return { type: kind, for: '1d' };
    case 'wait_for': return { type: kind, event: '', timeout: '1d' };
    case 'branch': return { type: kind, paths: [{ when: { all: [] } }] };
    case 'split': return { type: kind, paths: [{ weight: 50 }, { weight: 50 }] };
    case 'experiment': return { type: kind, name: '', variants: [{ name: 'A', weight: 50 }, { name: 'B', weight: 50 }] };
    case 'set_attribute': return { type: kind, name: '', value: '' };
    case 'add_tag': case 'remove_tag': return { type: kind, tag: '' };
    case 'add_to_list': case 'remove_from_list': return { type: kind, list: '' };
    case 'start_journey': case 'stop_journey': return { type: kind, journey: '' };
    case 'webhook': return { type: kind, url: 'https://' };
    case 'notify_staff': return { type: kind, to: [], subject: '', message: '' };
    case 'exit': return { type: kind };
  }
}

/** Puts a node into a way: what came next comes after it, on its first way. An exit ends the way there. */
export function insert(definition: Definition, at: WayRef, node: NodeDoc, id: string): Definition {
  const way = wayAt(definition, at);
  if (!way) return definition;
  const first = waysOf(id, node)[0];
  const placed = first && way.to !== null ? withWay(node, first.field, way.to) : node;
  const made = setWay({ ...definition, nodes: { ...definition.nodes, [id]: placed } }, at, id);
  return first ? made : withoutNew(definition, made);
}

/** Takes away what an edit has cut off; what was cut off before stays. */
function withoutNew(before: Definition, after: Definition): Definition {
  const was = new Set(orphans(before));
  const gone = orphans(after).filter((id) => !was.has(id));
  return gone.length > 0 ? dropped(after, new Set(gone)) : after;
}

function dropped(definition: Definition, gone: ReadonlySet<string>): Definition {
  const nodes: Record<string, NodeDoc> = {};
  for (const [id, node] of Object.entries(definition.nodes)) {
    if (gone.has(id)) continue;
    let kept = node;
    for (const way of waysOf(id, node)) if (way.to !== null && gone.has(way.to)) kept = withWay(kept, way.field, null);
    nodes[id] = kept;
  }
  return { ...definition, nodes, start: gone.has(definition.start) ? '' : definition.start };
}

export function update(definition: Definition, id: string, node: NodeDoc): Definition {
  if (!(id in definition.nodes)) return definition;
  return withoutNew(definition, { ...definition, nodes: { ...definition.nodes, [id]: node } });
}

/** Where somebody goes on who skips these nodes: along first ways until one that stays. */
function beyond(definition: Definition, id: string, gone: ReadonlySet<string>): string | null {
  const seen = new Set<string>();
  let at: string | null = id;
  while (at !== null && gone.has(at)) {
    if (seen.has(at)) return null;
    seen.add(at);
    at = waysFrom(definition, at)[0]?.to ?? null;
  }
  return at;
}

/** Takes nodes out; whoever led to one leads on to what its first way led to. What only hung on its other ways goes too. */
export function remove(definition: Definition, ids: readonly string[]): Definition {
  const gone = new Set(ids.filter((id) => id in definition.nodes));
  if (gone.size === 0) return definition;
  let made = definition;
  for (const way of allWays(definition)) {
    if (way.to !== null && gone.has(way.to) && !gone.has(way.from)) made = setWay(made, way, beyond(definition, way.to, gone));
  }
  return withoutNew(definition, dropped(made, gone));
}

/** Takes out a node and all that only it leads to. */
export function removeBranch(definition: Definition, id: string): Definition {
  if (!(id in definition.nodes)) return definition;
  return withoutNew(definition, dropped(definition, new Set([id])));
}

/** What is lost besides the node itself when it is removed. */
export function alsoLost(definition: Definition, ids: readonly string[]): string[] {
  const after = remove(definition, ids);
  return Object.keys(definition.nodes).filter((id) => !(id in after.nodes) && !ids.includes(id));
}

/** Leads a way to a node, or to the end. What is cut off by that goes. */
export function connect(definition: Definition, at: WayRef, to: string | null): Definition {
  return withoutNew(definition, setWay(definition, at, to));
}

/** Nodes taken along: in the order in which they come, ways among them kept. */
export interface Clip {
  nodes: Record<string, NodeDoc>;
  order: string[];
}

export function copy(definition: Definition, ids: readonly string[]): Clip {
  const wanted = new Set(ids);
  const inOrder = [...reachable(definition, definition.start), ...Object.keys(definition.nodes)];
  const order = [...new Set(inOrder)].filter((id) => wanted.has(id) && id in definition.nodes);
  const nodes: Record<string, NodeDoc> = {};
  for (const id of order) {
    let node = definition.nodes[id] as NodeDoc;
    for (const way of waysOf(id, node)) if (way.to !== null && !wanted.has(way.to)) node = withWay(node, way.field, null);
    nodes[id] = node;
  }
  return { nodes, order };
}

/** A node with all that follows it. */
export function branchOf(definition: Definition, id: string): Clip {
  return copy(definition, reachable(definition, id));
}

/** The last node of the chain that begins at `id` along first ways, and the way on which it can be made longer. */
function tail(nodes: Record<string, NodeDoc>, id: string): Way | null {
  const seen = new Set<string>();
  let at: string | null = id;
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    const node: NodeDoc | undefined = nodes[at];
    const first: Way | undefined = node && waysOf(at, node)[0];
    if (!first) return null;
    if (first.to === null) return first;
    at = first.to;
  }
  return null;
}

/** Puts copies of nodes into a way, with ids of their own; answers the new ids too. */
export function paste(definition: Definition, clip: Clip, at: WayRef): { definition: Definition; ids: string[] } {
  const way = wayAt(definition, at);
  if (!way || clip.order.length === 0) return { definition, ids: [] };
  const renamed = new Map<string, string>();
  const taken = new Set<string>();
  for (const id of clip.order) {
    const fresh = freshId(definition.nodes, (clip.nodes[id] as NodeDoc).type, taken);
    taken.add(fresh);
    renamed.set(id, fresh);
  }
  const made: Record<string, NodeDoc> = {};
  for (const id of clip.order) {
    let node = clip.nodes[id] as NodeDoc;
    for (const one of waysOf(id, node)) if (one.to !== null) node = withWay(node, one.field, renamed.get(one.to) ?? null);
    made[renamed.get(id) as string] = node;
  }
  const ids = [...renamed.values()];
  const led = new Set(ids.flatMap((id) => waysOf(id, made[id] as NodeDoc)).map((one) => one.to));
  // Pieces that hung on nothing in the copy follow one another.
  const heads = ids.filter((id) => !led.has(id));
  if (heads.length === 0 && ids[0]) heads.push(ids[0]);
  const join = (from: string, to: string | null): void => {
    const end = tail(made, from);
    if (end && to !== null) made[end.from] = withWay(made[end.from] as NodeDoc, end.field, to);
  };
  heads.forEach((head, i) => join(head, heads[i + 1] ?? way.to));
  const nodes = { ...definition.nodes, ...made };
  return { definition: withoutNew(definition, setWay({ ...definition, nodes }, at, heads[0] ?? null)), ids };
}

/** Takes nodes out where they are and puts them into a way. A way that leaves one of them is no place for them. */
export function move(definition: Definition, ids: readonly string[], at: WayRef): Definition {
  if (ids.includes(at.from)) return definition;
  const clip = copy(definition, ids);
  if (clip.order.length === 0) return definition;
  const way = wayAt(definition, at);
  if (!way || (way.to !== null && clip.order[0] === way.to && clip.order.length === 1)) return definition;
  // Alone, not with what hangs on other ways: a move loses nothing.
  const gone = new Set(clip.order);
  let rest: Definition = { ...definition };
  for (const one of allWays(definition)) {
    if (one.to !== null && gone.has(one.to) && !gone.has(one.from)) rest = setWay(rest, one, beyond(definition, one.to, gone));
  }
  const kept = Object.fromEntries(Object.entries(rest.nodes).filter(([id]) => !gone.has(id)));
  const lost = orphans({ ...rest, nodes: kept });
  const hadLost = new Set(orphans(definition));
  if (lost.some((id) => !hadLost.has(id))) return definition;
  rest = { ...rest, nodes: kept };
  const goal = wayAt(rest, at);
  if (!goal) return definition;
  const nodes: Record<string, NodeDoc> = { ...rest.nodes, ...clip.nodes };
  const head = clip.order[0] as string;
  const end = tail(clip.nodes, head);
  if (end && goal.to !== null) nodes[end.from] = withWay(nodes[end.from] as NodeDoc, end.field, goal.to);
  const made = setWay({ ...rest, nodes }, at, head);
  return Object.keys(made.nodes).length === Object.keys(definition.nodes).length && orphans(made).length <= hadLost.size ? made : definition;
}

/** One place up or down in a chain of nodes with a single way. */
export function shift(definition: Definition, id: string, by: -1 | 1): Definition {
  const into = allWays(definition).filter((way) => way.to === id);
  if (into.length !== 1) return definition;
  if (by === -1) {
    const before = into[0] as Way;
    if (before.from === TRIGGER) return definition;
    const above = allWays(definition).filter((way) => way.to === before.from);
    return above.length === 1 ? move(definition, [id], above[0] as Way) : definition;
  }
  const next = waysFrom(definition, id)[0]?.to;
  if (!next) return definition;
  const below = waysFrom(definition, next)[0];
  return below ? move(definition, [id], below) : definition;
}

/** A path, a variant or an awaited event more. */
export function addPath(node: NodeDoc): NodeDoc {
  const parts = (key: string): Record<string, unknown>[] => (Array.isArray(node[key]) ? (node[key] as Record<string, unknown>[]) : []);
  if (node.type === 'branch') return { ...node, paths: [...parts('paths'), { when: { all: [] } }] };
  if (node.type === 'split') return { ...node, paths: [...parts('paths'), { weight: 50 }] };
  if (node.type === 'experiment') {
    const used = new Set(parts('variants').map((one) => one.name));
    const name = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find((letter) => !used.has(letter)) ?? `${used.size + 1}`;
    return { ...node, variants: [...parts('variants'), { name, weight: 50 }] };
  }
  if (node.type === 'wait_for' && node.any_of !== undefined) return { ...node, any_of: [...parts('any_of'), { event: '' }] };
  return node;
}

export function removePath(node: NodeDoc, index: number): NodeDoc {
  const key = node.type === 'experiment' ? 'variants' : node.type === 'wait_for' ? 'any_of' : 'paths';
  const parts = Array.isArray(node[key]) ? (node[key] as unknown[]) : [];
  return { ...node, [key]: parts.filter((_, i) => i !== index) };
}

export function movePath(node: NodeDoc, index: number, by: -1 | 1): NodeDoc {
  const key = node.type === 'experiment' ? 'variants' : node.type === 'wait_for' ? 'any_of' : 'paths';
  const parts = Array.isArray(node[key]) ? [...(node[key] as unknown[])] : [];
  const other = index + by;
  if (other < 0 || other >= parts.length) return node;
  [parts[index], parts[other]] = [parts[other], parts[index]];
  return { ...node, [key]: parts };
}
