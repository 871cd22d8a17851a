// Changes of a tree. Each makes a new one; what did not change stays the same object.

import { LIMITS, freshId } from './model';
import type { Filter, GroupNode, Leaf, Node, Tree } from './model';

function inGroup(group: GroupNode, change: (node: Node) => Node[]): GroupNode {
  let changed = false;
  const parts = group.parts.flatMap((part) => {
    const made = change(part);
    const next = made.length === 1 && made[0] === part && part.kind === 'group' ? [inGroup(part, change)] : made;
    if (next.length !== 1 || next[0] !== part) changed = true;
    return next;
  });
  return changed ? { ...group, parts } : group;
}

function withRoot(tree: Tree, root: GroupNode): Tree {
  return root === tree.root ? tree : { ...tree, root };
}

export function nodeOf(tree: Tree, id: string): Node | undefined {
  const search = (node: Node): Node | undefined => {
    if (node.id === id) return node;
    if (node.kind === 'leaf') return undefined;
    for (const part of node.parts) {
      const found = search(part);
      if (found) return found;
    }
    return undefined;
  };
  return search(tree.root);
}

export function parentOf(tree: Tree, id: string): { group: GroupNode; at: number } | undefined {
  const search = (group: GroupNode): { group: GroupNode; at: number } | undefined => {
    const at = group.parts.findIndex((part) => part.id === id);
    if (at >= 0) return { group, at };
    for (const part of group.parts) {
      const found = part.kind === 'group' ? search(part) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  return search(tree.root);
}

/** How many groups a part is inside of; the root's is 0. */
export function depthOf(tree: Tree, id: string): number {
  let depth = 0;
  for (let parent = parentOf(tree, id); parent; parent = parentOf(tree, parent.group.id)) depth += 1;
  return depth;
}

/** How many levels a part has: a leaf one. */
export function heightOf(node: Node): number {
  if (node.kind === 'leaf') return node.negated ? 2 : 1;
  return 1 + Math.max(0, ...node.parts.map(heightOf));
}

export function replace(tree: Tree, id: string, change: (node: Node) => Node): Tree {
  if (tree.root.id === id) {
    const root = change(tree.root);
    if (root.kind !== 'group' || root === tree.root) return tree;
    return { root, bare: tree.bare && root.join === 'all' };
  }
  return withRoot(tree, inGroup(tree.root, (node) => (node.id === id ? [change(node)] : [node])));
}

export function changeLeaf(tree: Tree, id: string, change: (leaf: Leaf) => Leaf): Tree {
  return replace(tree, id, (node) => (node.kind === 'leaf' ? { ...node, leaf: change(node.leaf) } : node));
}

export function insert(tree: Tree, group: string, at: number, node: Node): Tree {
  return replace(tree, group, (found) => {
    if (found.kind !== 'group') return found;
    const parts = [...found.parts];
    parts.splice(Math.max(0, Math.min(at, parts.length)), 0, node);
    return { ...found, parts };
  });
}

export function remove(tree: Tree, id: string): Tree {
  return withRoot(tree, inGroup(tree.root, (node) => (node.id === id ? [] : [node])));
}

function renamed(node: Node): Node {
  if (node.kind === 'group') return { ...node, id: freshId(), parts: node.parts.map(renamed) };
  const again = (filters: Filter[]): Filter[] => filters.map((filter) => ({ ...filter, id: freshId() }));
  const leaf = { ...node.leaf } as Leaf;
  if ('where' in leaf) leaf.where = again(leaf.where);
  if ('lines' in leaf) leaf.lines = again(leaf.lines);
  if (leaf.type === 'did' && leaf.notFollowedBy) leaf.notFollowedBy = { ...leaf.notFollowedBy, where: again(leaf.notFollowedBy.where) };
  return { ...node, id: freshId(), leaf };
}

export function duplicate(tree: Tree, id: string): Tree {
  const parent = parentOf(tree, id);
  const node = nodeOf(tree, id);
  return parent && node ? insert(tree, parent.group.id, parent.at + 1, renamed(node)) : tree;
}

const isInside = (node: Node, id: string): boolean =>
  node.id === id || (node.kind === 'group' && node.parts.some((part) => isInside(part, id)));

/** Whether a part may stand in a group: not inside of itself, and not too deep. */
export function mayMove(tree: Tree, id: string, group: string): boolean {
  const node = nodeOf(tree, id);
  const target = nodeOf(tree, group);
  if (!node || target?.kind !== 'group' || isInside(node, group)) return false;
  return depthOf(tree, group) + 1 + heightOf(node) <= LIMITS.depth;
}

/** Puts a part at a place of a group; `at` is counted as the group is now. */
export function move(tree: Tree, id: string, group: string, at: number): Tree {
  const node = nodeOf(tree, id);
  const from = parentOf(tree, id);
  if (!node || !from || !mayMove(tree, id, group)) return tree;
  const isSame = from.group.id === group;
  if (isSame && (at === from.at || at === from.at + 1)) return tree;
  return insert(remove(tree, id), group, isSame && at > from.at ? at - 1 : at, node);
}

/** Puts a part into a group of its own. */
export function wrap(tree: Tree, id: string, join: GroupNode['join']): Tree {
  return replace(tree, id, (node) => ({ kind: 'group', id: freshId(), join, parts: [node] }));
}

/** Puts the parts of a group in its place. */
export function unwrap(tree: Tree, id: string): Tree {
  if (tree.root.id === id) return tree;
  return withRoot(tree, inGroup(tree.root, (node) => (node.id === id && node.kind === 'group' ? node.parts : [node])));
}

/** Moves a part one step up or down, in and out of groups: what arrow keys do. */
export function step(tree: Tree, id: string, by: -1 | 1): Tree {
  const parent = parentOf(tree, id);
  if (!parent) return tree;
  const { group, at } = parent;
  const next = group.parts[at + by];
  if (next?.kind === 'group' && mayMove(tree, id, next.id)) return move(tree, id, next.id, by > 0 ? 0 : next.parts.length);
  if (next) return move(tree, id, group.id, by > 0 ? at + 2 : at - 1);
  const outer = parentOf(tree, group.id);
  return outer ? move(tree, id, outer.group.id, by > 0 ? outer.at + 1 : outer.at) : tree;
}
