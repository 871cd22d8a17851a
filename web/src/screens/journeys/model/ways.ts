import { type Definition, type NodeDoc, TRIGGER, type Way, type WayKind, type WayRef } from './types';

type Dict = Record<string, unknown>;
const list = (value: unknown): Dict[] => (Array.isArray(value) ? (value as Dict[]) : []);
const target = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** All ways out of a node, in the order in which they are drawn. */
export function waysOf(id: string, node: NodeDoc): Way[] {
  const way = (kind: WayKind, field: string, to: unknown, index = 0): Way => ({ from: id, field, kind, to: target(to), index });
  switch (node.type) {
    case 'exit':
      return [];
    case 'wait_for': {
      const timeout = way('timeout', 'on_timeout', node.on_timeout);
      if (node.when !== undefined) return [way('met', 'on_met', node.on_met), timeout];
      if (node.any_of !== undefined) {
        const events = list(node.any_of);
        const own = events.map((one, i) => way('any', `any_of.${i}.next`, one.next, i));
        // Where every event has a way of its own, nobody comes to the common one.
        const isCommon = target(node.on_event) !== null || events.some((one) => target(one.next) === null);
        return isCommon ? [...own.filter((one) => one.to !== null), way('event', 'on_event', node.on_event), timeout] : [...own, timeout];
      }
      return [way('event', 'on_event', node.on_event), timeout];
    }
    case 'branch':
      return [
        ...list(node.paths).map((path, i) => way('path', `paths.${i}.next`, path.next, i)),
        way('otherwise', 'otherwise', node.otherwise),
      ];
    case 'split':
      return list(node.paths).map((path, i) => way('draw', `paths.${i}.next`, path.next, i));
    case 'experiment':
      return list(node.variants).map((variant, i) => way('variant', `variants.${i}.next`, variant.next, i));
    default:
      return [way('next', 'next', node.next)];
  }
}

export function startWay(definition: Definition): Way {
  return { from: TRIGGER, field: 'start', kind: 'start', to: target(definition.start), index: 0 };
}

export function waysFrom(definition: Definition, id: string): Way[] {
  if (id === TRIGGER) return [startWay(definition)];
  const node = definition.nodes[id];
  return node ? waysOf(id, node) : [];
}

export function allWays(definition: Definition): Way[] {
  return [startWay(definition), ...Object.entries(definition.nodes).flatMap(([id, node]) => waysOf(id, node))];
}

/** A copy of a node whose way leads elsewhere; every other part is the same object as before. */
export function withWay(node: NodeDoc, field: string, to: string | null): NodeDoc {
  const [head, place, tail] = field.split('.');
  if (head === undefined) return node;
  if (place === undefined || tail === undefined) {
    const made: NodeDoc = { ...node };
    if (to === null) delete made[head];
    else made[head] = to;
    return made;
  }
  const parts = list(node[head]).map((part, i) => {
    if (i !== Number(place)) return part;
    const made: Dict = { ...part };
    if (to === null) delete made[tail];
    else made[tail] = to;
    return made;
  });
  return { ...node, [head]: parts };
}

export function setWay(definition: Definition, at: WayRef, to: string | null): Definition {
  if (at.from === TRIGGER) return { ...definition, start: to ?? '' };
  const node = definition.nodes[at.from];
  if (!node) return definition;
  return { ...definition, nodes: { ...definition.nodes, [at.from]: withWay(node, at.field, to) } };
}

export function wayAt(definition: Definition, at: WayRef): Way | undefined {
  return waysFrom(definition, at.from).find((way) => way.field === at.field);
}

/** The nodes that can be reached from one, itself first, in the order of the ways. */
export function reachable(definition: Definition, from: string): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const open = [from];
  while (open.length > 0) {
    const id = open.pop() as string;
    if (seen.has(id) || !(id in definition.nodes)) continue;
    seen.add(id);
    order.push(id);
    for (const way of waysFrom(definition, id).reverse()) if (way.to !== null) open.push(way.to);
  }
  return order;
}

/** What no way leads to from the start. */
export function orphans(definition: Definition): string[] {
  const reached = new Set(reachable(definition, definition.start));
  return Object.keys(definition.nodes).filter((id) => !reached.has(id));
}
