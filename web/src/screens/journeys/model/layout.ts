// Where everything stands: from top to bottom, branches side by side in their own order, and what several branches
// lead to under all of them. The tree of dominators says which that is; the whole is linear in the nodes.
import { type Definition, type Place, TRIGGER, type Way } from './types';
import { orphans, waysFrom } from './ways';

export const CARD = { width: 264, height: 84 } as const;
export const STATS_HEIGHT = 58;
export const END = { width: 92, height: 34 } as const;
const GAP_X = 36;
const GAP_ONE = 66;
const GAP_MANY = 108;
const LANE = 120;
const GAP_MERGE = 62;

export interface Line {
  /** `from|field`. */
  id: string;
  way: Way;
  /** Whose box it comes to: a node, or the end of the way. */
  target: string;
  /** The middle of the lane in which it goes down. */
  lane: number;
  isMany: boolean;
  /** Back to a node above: told, not drawn. */
  isBack: boolean;
}

export interface Layout {
  places: Map<string, Place>;
  /** Ends of ways, and ways back, by the id of their line. */
  ends: Map<string, Place & { to: string | null }>;
  lines: Line[];
  width: number;
  height: number;
}

export const lineId = (way: { from: string; field: string }): string => `${way.from}|${way.field}`;

interface Graph {
  ways: Map<string, Way[]>;
  order: string[];
  number: Map<string, number>;
  back: Set<string>;
  dominator: Map<string, string>;
  into: Map<string, number>;
}

function graphOf(definition: Definition, root: string): Graph {
  const ways = new Map<string, Way[]>();
  const back = new Set<string>();
  const state = new Map<string, 1 | 2>();
  const done: string[] = [];
  const stack: { id: string; next: number }[] = [{ id: root, next: 0 }];
  const open = (id: string): void => {
    ways.set(id, waysFrom(definition, id));
    state.set(id, 1);
  };
  open(root);
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { id: string; next: number };
    const own = ways.get(top.id) as Way[];
    // From the last to the first: read backwards the finished come out in the order of the ways.
    const way = own[own.length - 1 - top.next];
    if (!way) {
      state.set(top.id, 2);
      done.push(top.id);
      stack.pop();
      continue;
    }
    top.next += 1;
    if (way.to === null || !(way.to in definition.nodes)) continue;
    const seen = state.get(way.to);
    if (seen === 1) back.add(lineId(way));
    else if (seen === undefined) {
      open(way.to);
      stack.push({ id: way.to, next: 0 });
    }
  }
  const order = done.reverse();
  const number = new Map(order.map((id, i) => [id, i]));
  const before = new Map<string, string[]>();
  const into = new Map<string, number>();
  for (const id of order) {
    for (const way of ways.get(id) as Way[]) {
      if (way.to === null || back.has(lineId(way)) || !number.has(way.to)) continue;
      before.set(way.to, [...(before.get(way.to) ?? []), id]);
      into.set(way.to, (into.get(way.to) ?? 0) + 1);
    }
  }
  const dominator = new Map<string, string>([[root, root]]);
  for (const id of order.slice(1)) {
    let common: string | undefined;
    for (const one of before.get(id) ?? []) {
      if (!dominator.has(one)) continue;
      if (common === undefined) common = one;
      else {
        let [a, b]: [string, string] = [common, one];
        while (a !== b) {
          if ((number.get(a) as number) > (number.get(b) as number)) a = dominator.get(a) as string;
          else b = dominator.get(b) as string;
        }
        common = a;
      }
    }
    dominator.set(id, common ?? root);
  }
  return { ways, order, number, back, dominator, into };
}

interface Block {
  width: number;
  height: number;
  put: (left: number, top: number) => void;
}

export function layout(definition: Definition, hasStats = false): Layout {
  const height = CARD.height + (hasStats ? STATS_HEIGHT : 0);
  const places = new Map<string, Place>();
  const ends = new Map<string, Place & { to: string | null }>();
  const lines: Line[] = [];
  let isFirst = true;
  let whole = { width: 0, height: 0 };
  const arrange = (root: string, left: number): void => {
    const graph = graphOf(definition, root);
    const merges = new Map<string, string[]>();
    for (const id of graph.order.slice(1)) {
      if ((graph.into.get(id) ?? 0) < 2) continue;
      const at = graph.dominator.get(id) as string;
      merges.set(at, [...(merges.get(at) ?? []), id]);
    }
    const cardHeight = (id: string): number => (id === TRIGGER ? CARD.height : height);
    const block = (id: string): Block => {
      const ways = graph.ways.get(id) as Way[];
      const isMany = ways.length > 1;
      const gap = isMany ? GAP_MANY : GAP_ONE;
      const own = cardHeight(id);
      const columns = ways.map((way) => {
        const isBack = graph.back.has(lineId(way));
        const isThere = way.to !== null && graph.number.has(way.to);
        if (isThere && !isBack && graph.into.get(way.to as string) === 1) return { way, kind: 'block' as const, isBack, inner: block(way.to as string) };
        if (isThere && !isBack) return { way, kind: 'lane' as const, isBack, inner: null };
        return { way, kind: 'end' as const, isBack, inner: null };
      });
      const widthOf = (column: (typeof columns)[number]): number =>
        column.kind === 'block' ? (column.inner as Block).width : column.kind === 'end' ? Math.max(END.width, isMany ? LANE + 40 : 0) : isMany ? LANE + 40 : 0;
      const row = columns.reduce((sum, column, i) => sum + widthOf(column) + (i > 0 ? GAP_X : 0), 0);
      const rowHeight = Math.max(0, ...columns.map((column) => (column.kind === 'block' ? (column.inner as Block).height : column.kind === 'end' ? END.height : 0)));
      const below = (merges.get(id) ?? []).map((one) => ({ id: one, inner: block(one) }));
      const width = Math.max(CARD.width, row, ...below.map((one) => one.inner.width));
      const belowHeight = below.reduce((sum, one) => sum + GAP_MERGE + one.inner.height, 0);
      const total = own + (columns.length > 0 ? gap + rowHeight : 0) + belowHeight;
      return {
        width,
        height: total,
        put(x, y) {
          const middle = x + width / 2;
          places.set(id, { x: middle - CARD.width / 2, y });
          const top = y + own + gap;
          let at = middle - row / 2;
          for (const column of columns) {
            const mine = widthOf(column);
            const lane = at + mine / 2;
            const line = { id: lineId(column.way), way: column.way, lane, isMany, isBack: column.isBack };
            if (column.kind === 'block') {
              (column.inner as Block).put(at, top);
              lines.push({ ...line, target: column.way.to as string });
            } else if (column.kind === 'lane') {
              lines.push({ ...line, target: column.way.to as string });
            } else {
              ends.set(line.id, { x: lane - END.width / 2, y: top, to: column.isBack ? column.way.to : null });
              lines.push({ ...line, target: `end|${line.id}` });
            }
            at += mine + GAP_X;
          }
          let under = top + rowHeight;
          for (const one of below) {
            under += GAP_MERGE;
            one.inner.put(middle - one.inner.width / 2, under);
            under += one.inner.height;
          }
        },
      };
    };
    const made = block(root);
    made.put(left, 0);
    whole = { width: left + made.width, height: Math.max(whole.height, made.height) };
  };
  arrange(TRIGGER, 0);
  // What hangs on nothing stands beside, so that it is seen and can be joined again.
  for (const id of orphans(definition)) {
    if (places.has(id)) continue;
    arrange(id, whole.width + (isFirst ? 3 : 1) * GAP_X);
    isFirst = false;
  }
  return { places, ends, lines, ...whole };
}
