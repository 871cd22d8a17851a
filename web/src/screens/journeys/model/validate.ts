// What keeps a journey from being published, as far as the document alone says it. The codes and the paths are those
// of the server, which checks again and knows the rest: templates, segments, journeys.
import { DURATION_MAX_MS, parseDuration } from './duration';
import { type Definition, type Filter, LIMITS, type NodeDoc } from './types';
import { allWays, reachable, waysFrom } from './ways';

export interface Problem {
  /** `nodes.hello.template`; empty for the whole. */
  path: string;
  code: string;
  /** In English, of the server alone. */
  message?: string;
}

type Dict = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const dicts = (value: unknown): Dict[] => (Array.isArray(value) ? (value as Dict[]) : []);
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;
const OFFSET = /^[+-]?(\d+w)?(\d+d)?(\d+h)?(\d+m)?$/;
/** A contact of staff: `telegram:ops`. */
const CONTACT = /^(telegram|slack|discord|webhook|zalo):[a-z0-9_-]{1,40}$/;
const MAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const NAME_MAX = 200;
const NO_VALUE = new Set(['exists', 'not_exists']);

class Check {
  readonly problems: Problem[] = [];

  say(path: string, code: string): void {
    this.problems.push({ path, code });
  }

  line(value: unknown, path: string): void {
    const told = text(value);
    if (told.trim() === '') this.say(path, 'missing');
    else if ([...told].length > NAME_MAX || /[\u0000-\u001f\u007f]/.test(told)) this.say(path, 'text.length');
  }

  duration(value: unknown, path: string): void {
    const ms = parseDuration(value);
    if (ms === null || ms <= 0 || ms > DURATION_MAX_MS) this.say(path, 'duration.range');
  }

  clock(value: unknown, path: string): void {
    if (!CLOCK.test(text(value))) this.say(path, 'clock');
  }

  offset(value: unknown, path: string): void {
    if (value !== undefined && (!OFFSET.test(text(value)) || !/\d/.test(text(value)))) this.say(path, 'offset');
  }

  filters(value: unknown, path: string): void {
    const filters = Array.isArray(value) ? (value as Filter[]) : [];
    if (filters.length > LIMITS.filters) this.say(`${path}.where`, 'journey.too_large');
    filters.forEach((filter, i) => {
      if (text(filter.property).trim() === '') this.say(`${path}.where.${i}.property`, 'missing');
      const isEmpty = filter.value === undefined || filter.value === '' || (Array.isArray(filter.value) && filter.value.length === 0);
      if (!NO_VALUE.has(filter.op) && isEmpty) this.say(`${path}.where.${i}.value`, 'missing');
    });
  }

  condition(value: unknown, path: string): void {
    const isEmptyGroup = (one: unknown): boolean => {
      if (typeof one !== 'object' || one === null) return true;
      const keys = Object.keys(one);
      if (keys.length === 0) return true;
      return keys.some((key) => ['all', 'any', 'none'].includes(key) && (dicts((one as Dict)[key]).length === 0 || dicts((one as Dict)[key]).some(isEmptyGroup)));
    };
    if (isEmptyGroup(value)) this.say(path, 'condition.empty');
  }

  trigger(definition: Definition): void {
    const trigger = definition.trigger;
    const at = (key: string): string => `trigger.${key}`;
    switch (trigger.type) {
      case 'event':
        this.line(trigger.event, at('event'));
        this.filters(trigger.where, 'trigger');
        break;
      case 'segment': this.line(trigger.segment, at('segment')); break;
      case 'form':
        this.line(trigger.form, at('form'));
        this.filters(trigger.where, 'trigger');
        break;
      case 'message':
        if (!text(trigger.did)) this.say(at('did'), 'missing');
        this.filters(trigger.where, 'trigger');
        break;
      case 'date': case 'anniversary':
        this.line(trigger.attribute, at('attribute'));
        this.clock(trigger.at, at('at'));
        this.offset(trigger.offset, at('offset'));
        break;
      case 'feast':
        if (!text(trigger.feast)) this.say(at('feast'), 'missing');
        this.clock(trigger.at, at('at'));
        this.offset(trigger.offset, at('offset'));
        break;
      case 'schedule': {
        const times = Array.isArray(trigger.at) ? trigger.at : [trigger.at];
        if (times.length === 0 || times.length > LIMITS.times) this.say(at('at'), 'schedule.times');
        else times.forEach((one) => !CLOCK.test(text(one)) && this.say(at('at'), 'clock'));
        const days = trigger.on === undefined ? [] : Array.isArray(trigger.on) ? trigger.on : [trigger.on];
        if (trigger.every !== 'day' && days.length === 0) this.say(at('on'), 'schedule.days');
        break;
      }
      case 'threshold':
        this.line(trigger.attribute, at('attribute'));
        if (typeof trigger.crosses !== 'number') this.say(at('crosses'), 'missing');
        break;
      case 'score': this.line(trigger.grade, at('grade')); break;
      case 'journey': this.line(trigger.journey, at('journey')); break;
      case 'api': break;
    }
  }

  node(id: string, node: NodeDoc): void {
    const at = (key: string): string => `nodes.${id}.${key}`;
    switch (node.type) {
      case 'send': this.line(node.template, at('template')); break;
      case 'delay':
        if (node.until_time !== undefined) this.clock(node.until_time, at('until_time'));
        else if (node.until_weekday !== undefined) this.clock(node.time, at('time'));
        else if (node.until_attribute !== undefined) {
          this.line(node.until_attribute, at('until_attribute'));
          if (node.time !== undefined) this.clock(node.time, at('time'));
          this.offset(node.offset, at('offset'));
        } else if (node.until_best_hour !== undefined) this.clock((node.until_best_hour as Dict | null)?.otherwise, at('until_best_hour'));
        else this.duration(node.for, at('for'));
        break;
      case 'wait_for':
        this.duration(node.timeout, at('timeout'));
        if (node.when !== undefined) this.condition(node.when, at('when'));
        else if (node.any_of !== undefined) {
          const events = dicts(node.any_of);
          if (events.length === 0 || events.length > LIMITS.anyOf) this.say(at('any_of'), 'paths.count');
          events.forEach((one, i) => {
            this.line(one.event, at(`any_of.${i}.event`));
            this.filters(one.where, at(`any_of.${i}`));
          });
        } else {
          this.line(node.event, at('event'));
          this.filters(node.where, `nodes.${id}`);
        }
        break;
      case 'branch': {
        const paths = dicts(node.paths);
        if (paths.length === 0 || paths.length > LIMITS.paths) this.say(at('paths'), 'paths.count');
        paths.forEach((path, i) => this.condition(path.when, at(`paths.${i}.when`)));
        break;
      }
      case 'split': case 'experiment': {
        const key = node.type === 'split' ? 'paths' : 'variants';
        const paths = dicts(node[key]);
        if (node.type === 'experiment') this.line(node.name, at('name'));
        if (paths.length < 2 || paths.length > LIMITS.paths) this.say(at(key), 'paths.count');
        const names = new Set<string>();
        paths.forEach((path, i) => {
          const weight = path.weight;
          if (typeof weight !== 'number' || !Number.isInteger(weight) || weight < 1 || weight > 1_000_000) this.say(at(`${key}.${i}.weight`), 'split.weight');
          if (node.type !== 'experiment') return;
          this.line(path.name, at(`${key}.${i}.name`));
          if (names.has(text(path.name))) this.say(at(`${key}.${i}.name`), 'experiment.name');
          names.add(text(path.name));
        });
        break;
      }
      case 'set_attribute': this.line(node.name, at('name')); break;
      case 'add_tag': case 'remove_tag': this.line(node.tag, at('tag')); break;
      case 'add_to_list': case 'remove_from_list': this.line(node.list, at('list')); break;
      case 'start_journey': case 'stop_journey': this.line(node.journey, at('journey')); break;
      case 'webhook':
        if (!/^https?:\/\/[A-Za-z0-9[]/.test(text(node.url)) || /[^\x21-\x7e]/.test(text(node.url))) this.say(at('url'), 'webhook.url');
        break;
      case 'notify_staff': {
        const to = Array.isArray(node.to) ? node.to : [];
        if (to.length === 0 || to.length > LIMITS.staff) this.say(at('to'), 'staff.count');
        to.forEach((one, i) => !MAIL.test(text(one)) && !CONTACT.test(text(one)) && this.say(at(`to.${i}`), 'staff.address'));
        this.line(node.subject, at('subject'));
        if (text(node.message).trim() === '') this.say(at('message'), 'missing');
        break;
      }
      case 'exit': break;
    }
  }

  graph(definition: Definition): void {
    const ids = Object.keys(definition.nodes);
    if (ids.length === 0 || definition.start === '') return this.say('nodes', 'journey.empty');
    if (ids.length > LIMITS.nodes) this.say('nodes', 'journey.too_large');
    for (const way of allWays(definition)) {
      if (way.to !== null && !(way.to in definition.nodes)) this.say(way.from === 'trigger' ? 'start' : `nodes.${way.from}.${way.field}`, 'node.dangling');
    }
    const reached = new Set(reachable(definition, definition.start));
    for (const id of ids) if (!reached.has(id)) this.say(`nodes.${id}`, 'node.unreachable');
    this.rounds(definition);
  }

  /** A way round must take time: a delay of a minute, or a wait. */
  rounds(definition: Definition): void {
    const takesTime = (node: NodeDoc): boolean =>
      (node.type === 'delay' && (parseDuration(node.for) ?? 0) >= 60_000) || (node.type === 'wait_for' && (parseDuration(node.timeout) ?? 0) >= 60_000);
    const state = new Map<string, 1 | 2>();
    const visit = (start: string): void => {
      const stack = [{ id: start, next: 0 }];
      state.set(start, 1);
      while (stack.length > 0) {
        const top = stack[stack.length - 1] as { id: string; next: number };
        const node = definition.nodes[top.id];
        const ways = node && !takesTime(node) ? waysFrom(definition, top.id) : [];
        const way = ways[top.next];
        top.next += 1;
        if (!way) {
          state.set(top.id, 2);
          stack.pop();
        } else if (way.to !== null && way.to in definition.nodes) {
          const seen = state.get(way.to);
          if (seen === 1) this.say(`nodes.${way.to}`, 'journey.cycle');
          else if (seen === undefined) {
            state.set(way.to, 1);
            stack.push({ id: way.to, next: 0 });
          }
        }
      }
    };
    for (const id of Object.keys(definition.nodes)) if (!state.has(id)) visit(id);
  }
}

export function validate(definition: Definition): Problem[] {
  const check = new Check();
  check.line(definition.name, 'name');
  check.trigger(definition);
  const entry = definition.entry;
  if (entry?.cooldown !== undefined) check.duration(entry.cooldown, 'entry.cooldown');
  if (entry?.when !== undefined) check.condition(entry.when, 'entry.when');
  const most = entry?.max_runs_at_once;
  if (most !== undefined && (most < 1 || most > 100)) check.say('entry.max_runs_at_once', 'entry.range');
  if (definition.goal) {
    check.line(definition.goal.event, 'goal.event');
    check.filters(definition.goal.where, 'goal');
    if (definition.goal.within !== undefined) check.duration(definition.goal.within, 'goal.within');
  }
  const rules = definition.exit_when ?? [];
  if (rules.length > LIMITS.exits) check.say('exit_when', 'journey.too_large');
  rules.forEach((rule, i) => {
    if (rule.event === undefined && rule.when === undefined) check.say(`exit_when.${i}`, 'exit.empty');
    if (rule.event !== undefined) check.line(rule.event, `exit_when.${i}.event`);
    check.filters(rule.where, `exit_when.${i}`);
    if (rule.when !== undefined) check.condition(rule.when, `exit_when.${i}.when`);
  });
  for (const [id, node] of Object.entries(definition.nodes)) check.node(id, node);
  check.graph(definition);
  return check.problems;
}

/** What the server says beside what is known here, each place once. */
export function merged(own: Problem[], server: Problem[]): Problem[] {
  const places = new Set(own.map((one) => one.path));
  const isBelow = (path: string): boolean => [...places].some((place) => place !== '' && (path.startsWith(`${place}.`) || place.startsWith(`${path}.`)));
  return [...own, ...server.filter((one) => !places.has(one.path) && !(one.path !== '' && isBelow(one.path)))];
}

export type ProblemPlace = { kind: 'node'; id: string } | { kind: 'trigger' } | { kind: 'settings' };

/** Where somebody has to look for it. */
export function placeOf(path: string): ProblemPlace {
  const [head, id] = path.split('.');
  if (head === 'nodes' && id) return { kind: 'node', id };
  if (head === 'trigger' || head === 'start' || head === 'nodes') return { kind: 'trigger' };
  return { kind: 'settings' };
}
