import { describe, expect, it } from 'vitest';
import {
  addPath, allWays, alsoLost, begin, branchOf, connect, copy, type Definition, diff, freshId, insert, inUnit, layout, lineId, merged, move, newNode,
  NODE_KINDS, orphans, parseDuration, paste, placeOf, redo, remove, removeBranch, removePath, setWay, shift, step, TRIGGER, undo, update, validate,
  wayAt, waysFrom,
} from '.';
import page from '../../../../../docs/journeys.md?raw';
import scenarios from './scenarios.fixture.json';

const documented = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((found) => JSON.parse(found[1] as string) as Definition);
const library = scenarios as unknown as Definition[];
const all = [...documented, ...library];

/** start → hello → which → (yes: a → end | no: b → end). */
const forked: Definition = {
  schema: 1, name: 'Forked', trigger: { type: 'event', event: 'X' }, start: 'hello',
  nodes: {
    hello: { type: 'add_tag', tag: 'x', next: 'which' },
    which: { type: 'branch', paths: [{ when: { tag: 'vip' }, next: 'a' }], otherwise: 'b' },
    a: { type: 'add_tag', tag: 'a', next: 'end' },
    b: { type: 'add_tag', tag: 'b', next: 'end' },
    end: { type: 'exit' },
  },
};

/** A chain of so many nodes, each fourth a branch of two that meet again. */
export function long(count: number): Definition {
  const definition: Definition = { schema: 1, name: 'Long', trigger: { type: 'event', event: 'X' }, start: 'n0', nodes: {} };
  for (let n = 0; n < count; n += 4) {
    const next = n + 4 < count ? `n${n + 4}` : undefined;
    definition.nodes[`n${n}`] = { type: 'branch', paths: [{ when: { tag: 'vip' }, next: `n${n + 1}` }], otherwise: `n${n + 2}` };
    definition.nodes[`n${n + 1}`] = { type: 'add_tag', tag: 'a', next: `n${n + 3}` };
    definition.nodes[`n${n + 2}`] = { type: 'delay', for: '1d', next: `n${n + 3}` };
    definition.nodes[`n${n + 3}`] = { type: 'add_tag', tag: 'c', ...(next ? { next } : {}) };
  }
  return definition;
}

describe('every journey of the documentation and of the library', () => {
  it('is read', () => {
    expect(documented.length).toBeGreaterThan(19);
    expect(library.length).toBeGreaterThan(14);
  });

  for (const definition of all) {
    it(`${definition.name}: is the same after each of its ways was drawn again`, () => {
      let made = definition;
      for (const way of allWays(definition)) made = setWay(setWay(made, way, null), way, way.to);
      expect(diff(definition, made).count).toBe(0);
      expect(JSON.parse(JSON.stringify(made))).toEqual(JSON.parse(JSON.stringify(definition)));
    });

    it(`${definition.name}: has nothing wrong, and a place for every node and every end`, () => {
      expect(validate(definition)).toEqual([]);
      expect(orphans(definition)).toEqual([]);
      const made = layout(definition);
      for (const id of [TRIGGER, ...Object.keys(definition.nodes)]) expect(made.places.has(id), id).toBe(true);
      for (const way of allWays(definition)) expect(made.lines.some((line) => line.id === lineId(way)), lineId(way)).toBe(true);
      expect(made.places.size).toBe(Object.keys(definition.nodes).length + 1);
    });

    it(`${definition.name}: no two cards lie over one another`, () => {
      const cards = [...layout(definition, true).places.values()];
      cards.forEach((a, i) => {
        for (const b of cards.slice(i + 1)) expect(Math.abs(a.x - b.x) >= 264 || Math.abs(a.y - b.y) >= 84).toBe(true);
      });
    });

    it(`${definition.name}: a copy at its end can be taken out again`, () => {
      const end = allWays(definition).find((way) => way.to === null);
      if (!end) return;
      const clip = copy(definition, Object.keys(definition.nodes));
      const pasted = paste(definition, clip, end);
      expect(pasted.ids.length).toBe(Object.keys(definition.nodes).length);
      expect(validate(pasted.definition)).toEqual([]);
      const back = removeBranch(pasted.definition, pasted.ids[0] as string);
      expect(diff(definition, back).count).toBe(0);
    });
  }
});

describe('edits', () => {
  it('puts every kind of node into every way, and takes it out again', () => {
    for (const kind of NODE_KINDS) {
      for (const way of allWays(forked)) {
        const id = freshId(forked.nodes, kind);
        const made = insert(forked, way, newNode(kind), id);
        expect(wayAt(made, way)?.to).toBe(id);
        expect(orphans(made)).toEqual([]);
        if (kind === 'exit') expect(waysFrom(made, id)).toEqual([]);
        else {
          expect(waysFrom(made, id)[0]?.to ?? null).toBe(way.to);
          expect(diff(forked, remove(made, [id])).count).toBe(0);
        }
      }
    }
  });

  it('keeps what an edit does not touch', () => {
    const made = insert(forked, { from: 'a', field: 'next' }, newNode('delay'), 'd');
    for (const id of ['hello', 'which', 'b', 'end']) expect(made.nodes[id]).toBe(forked.nodes[id]);
  });

  it('takes out a fork with what only its other ways led to', () => {
    expect(alsoLost(forked, ['which'])).toEqual(['b']);
    const made = remove(forked, ['which']);
    expect(Object.keys(made.nodes)).toEqual(['hello', 'a', 'end']);
    expect(made.nodes.hello?.next).toBe('a');
  });

  it('takes out a branch and leaves what others lead to', () => {
    const made = removeBranch(forked, 'b');
    expect(Object.keys(made.nodes)).toEqual(['hello', 'which', 'a', 'end']);
    expect(made.nodes.which).not.toHaveProperty('otherwise');
    expect(removeBranch(forked, 'hello').start).toBe('');
  });

  it('moves a node elsewhere, and refuses what would lose others', () => {
    const made = move(forked, ['a'], { from: 'b', field: 'next' });
    expect(made.nodes.b?.next).toBe('a');
    expect(made.nodes.a?.next).toBe('end');
    expect(wayAt(made, { from: 'which', field: 'paths.0.next' })?.to).toBe('end');
    expect(move(forked, ['a'], { from: 'a', field: 'next' })).toBe(forked);
    expect(move(forked, ['which'], { from: TRIGGER, field: 'start' })).toBe(forked);
  });

  it('shifts a node up and down', () => {
    const chain: Definition = {
      ...forked, start: 'one',
      nodes: { one: { type: 'add_tag', tag: '1', next: 'two' }, two: { type: 'add_tag', tag: '2', next: 'three' }, three: { type: 'add_tag', tag: '3' } },
    };
    const order = (definition: Definition): string[] => {
      const found: string[] = [];
      for (let id: string | null = definition.start; id; id = waysFrom(definition, id)[0]?.to ?? null) found.push(id);
      return found;
    };
    expect(order(shift(chain, 'two', -1))).toEqual(['two', 'one', 'three']);
    expect(order(shift(chain, 'two', 1))).toEqual(['one', 'three', 'two']);
    expect(shift(chain, 'one', -1)).toBe(chain);
    expect(shift(chain, 'three', 1)).toBe(chain);
  });

  it('leads a way elsewhere and drops what is cut off', () => {
    const made = connect(forked, { from: 'which', field: 'otherwise' }, 'a');
    expect(Object.keys(made.nodes)).not.toContain('b');
    expect(connect(forked, { from: 'a', field: 'next' }, 'hello').nodes.a?.next).toBe('hello');
  });

  it('copies a branch with all that follows into another way', () => {
    const clip = branchOf(forked, 'which');
    expect(clip.order).toEqual(['which', 'a', 'end', 'b']);
    const { definition, ids } = paste(forked, clip, { from: 'b', field: 'next' });
    expect(ids).toHaveLength(4);
    expect(Object.keys(definition.nodes)).toHaveLength(9);
    expect(orphans(definition)).toEqual([]);
  });

  it('chains pieces of a copy that hang on nothing', () => {
    const clip = copy(forked, ['a', 'hello']);
    const { definition, ids } = paste(forked, clip, { from: 'b', field: 'next' });
    expect(definition.nodes.b?.next).toBe(ids[0]);
    expect(waysFrom(definition, ids[0] as string)[0]?.to).toBe(ids[1]);
    expect(waysFrom(definition, ids[1] as string)[0]?.to).toBe('end');
  });

  it('adds and removes paths with what hangs on them', () => {
    const which = forked.nodes.which as Definition['nodes'][string];
    const more = update(forked, 'which', addPath(which));
    expect(waysFrom(more, 'which')).toHaveLength(3);
    const less = update(forked, 'which', removePath(which, 0));
    expect(Object.keys(less.nodes)).not.toContain('a');
  });
});

describe('history', () => {
  it('goes back and forth, and takes typing for one step', () => {
    let history = begin('a');
    history = step(history, 'b', 0, 'name');
    history = step(history, 'bc', 100, 'name');
    history = step(history, 'bcd', 9_000, 'name');
    expect(history.past).toEqual(['a', 'bc']);
    history = undo(undo(undo(history)));
    expect(history.present).toBe('a');
    history = redo(history);
    expect(history.present).toBe('bc');
    expect(step(history, 'x', 0).future).toEqual([]);
    expect(step(history, 'bc', 0)).toBe(history);
  });
});

describe('what is wrong', () => {
  it('is told at its place', () => {
    const broken: Definition = {
      ...forked, name: '', trigger: { type: 'event', event: '' },
      nodes: {
        ...forked.nodes, mail: { type: 'send', channel: 'email', template: '' }, loop: { type: 'add_tag', tag: 'x', next: 'loop' },
      },
    };
    const told = validate(broken).map((one) => `${one.path} ${one.code}`);
    expect(told).toEqual([
      'name missing', 'trigger.event missing', 'nodes.mail.template missing', 'nodes.mail node.unreachable', 'nodes.loop node.unreachable',
      'nodes.loop journey.cycle',
    ]);
    expect(placeOf('nodes.mail.template')).toEqual({ kind: 'node', id: 'mail' });
    expect(placeOf('goal.event')).toEqual({ kind: 'settings' });
  });

  it('is told once when the server says it too', () => {
    const own = [{ path: 'nodes.a.template', code: 'missing' }];
    const server = [{ path: 'nodes.a.template', code: 'text.length' }, { path: 'nodes.a', code: 'json.type' }, { path: 'nodes.b.template', code: 'template.missing' }];
    expect(merged(own, server).map((one) => one.path)).toEqual(['nodes.a.template', 'nodes.b.template']);
  });
});

describe('differences', () => {
  it('are what changed, and not the ways that only moved', () => {
    const after = insert({ ...forked, name: 'New' }, { from: 'hello', field: 'next' }, newNode('delay'), 'd');
    const changed = update(after, 'a', { ...(after.nodes.a as Definition['nodes'][string]), tag: 'other' });
    const found = diff(forked, changed);
    expect(found.nodes.get('d')?.state).toBe('added');
    expect(found.nodes.get('hello')?.state).toBe('same');
    expect(found.nodes.get('a')).toEqual({ state: 'changed', changes: [{ path: 'tag', before: 'a', after: 'other' }] });
    expect(found.settings).toEqual([{ path: 'name', before: 'Forked', after: 'New' }]);
    expect(found.count).toBe(3);
  });
});

describe('lengths of time', () => {
  it('are read and shown in one unit', () => {
    expect(parseDuration('1h30m')).toBe(5_400_000);
    expect(parseDuration('30m1h')).toBe(null);
    expect(inUnit('1h30m')).toEqual({ count: 90, unit: 'm' });
    expect(inUnit('7d')).toEqual({ count: 7, unit: 'd' });
  });
});

describe('two hundred nodes', () => {
  it('are laid out, checked and edited in a moment', () => {
    const definition = long(200);
    const time = (work: () => void): number => {
      const from = performance.now();
      for (let n = 0; n < 10; n += 1) work();
      return (performance.now() - from) / 10;
    };
    expect(time(() => layout(definition, true))).toBeLessThan(16);
    expect(time(() => validate(definition))).toBeLessThan(16);
    expect(time(() => insert(definition, { from: 'n3', field: 'next' }, newNode('delay'), 'x'))).toBeLessThan(16);
  });
});
