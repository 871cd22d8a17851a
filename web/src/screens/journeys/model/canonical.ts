// One form for documents that mean the same: the server writes defaults out, and lengths of time in its own way.
import { parseDuration } from './duration';
import type { Definition, NodeDoc } from './types';

type Dict = Record<string, unknown>;
const LENGTHS = new Set(['for', 'timeout', 'cooldown', 'within', 'offset']);

function lengths(value: Dict): Dict {
  const made: Dict = {};
  for (const [key, one] of Object.entries(value)) {
    if (one === undefined) continue;
    if (LENGTHS.has(key) && typeof one === 'string') {
      const ms = parseDuration(one.replace(/^[+-]/, ''));
      if (key === 'offset' && ms === 0) continue;
      made[key] = ms === null ? one : `${one.startsWith('-') ? '-' : ''}${ms} ms`;
    } else made[key] = one;
  }
  return made;
}

function node(told: NodeDoc): NodeDoc {
  const made = lengths(told);
  if (told.type === 'send') {
    made.purpose ??= 'marketing';
    if ((made.ways as { also?: unknown[] } | undefined)?.also?.length === 0) delete made.ways;
  }
  if (told.type === 'delay') {
    for (const key of ['when_past', 'when_missing']) if (made[key] === 'continue') delete made[key];
    if (made.yearly === false) delete made.yearly;
  }
  if (told.type === 'set_attribute' && !('value' in made)) made.value = null;
  return made as NodeDoc;
}

const kept = new WeakMap<NodeDoc, NodeDoc>();

export function canonical(definition: Definition): Definition {
  const nodes: Record<string, NodeDoc> = {};
  for (const [id, one] of Object.entries(definition.nodes)) {
    const made = kept.get(one) ?? node(one);
    kept.set(one, made);
    nodes[id] = made;
  }
  const trigger = lengths(definition.trigger);
  if (trigger.type === 'segment') trigger.on ??= 'entered';
  if (trigger.type === 'journey') trigger.on ??= 'completed';
  if (trigger.type === 'anniversary') trigger.every ??= 'year';
  if (trigger.type === 'threshold' || trigger.type === 'score') trigger.direction ??= 'up';
  if (trigger.calendar === 'solar') delete trigger.calendar;
  for (const key of ['yearly', 'existing']) if (trigger[key] === false) delete trigger[key];
  const made: Definition = { ...definition, trigger: trigger as Definition['trigger'], nodes, entry: { ...lengths({ ...definition.entry }), reentry: definition.entry?.reentry ?? 'when_not_running' } };
  if (made.goal) made.goal = lengths({ ...made.goal }) as unknown as NonNullable<Definition['goal']>;
  if (!made.description) delete made.description;
  if (made.exit_when?.length === 0) delete made.exit_when;
  return made;
}
