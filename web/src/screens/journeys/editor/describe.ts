/** Nodes, ways and triggers in words. */
import type { TFunction } from 'i18next';
import { createContext, useContext, useMemo } from 'react';
import { type EventWords, useEventWords } from '../../../parts/events';
import { type Formats, useFormats } from '../../../parts/format';
import { useTranslation } from 'react-i18next';
import { type Definition, inUnit, type NodeDoc, parseDuration, TRIGGER, type TriggerDoc, type Way } from '../model';
import { type Directory, useDirectory } from './directory';

type T = TFunction<'journeys'>;
type Dict = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const dicts = (value: unknown): Dict[] => (Array.isArray(value) ? (value as Dict[]) : []);

export interface Words {
  duration: (told: unknown) => string;
  offset: (told: unknown) => string;
  node: (node: NodeDoc) => { title: string; text: string };
  trigger: (trigger: TriggerDoc) => { title: string; text: string };
  way: (definition: Definition, way: Way) => string;
  condition: (told: unknown) => string;
  /** What a node is called in a list: its kind and what it is about. */
  name: (definition: Definition, id: string) => string;
  value: (value: unknown) => string;
  formats: Formats;
}

function durationWords(t: T, told: unknown): string {
  const one = inUnit(told);
  if (one) {
    if (one.unit === 'w') return t('unit.weeks', { count: one.count });
    if (one.unit === 'd') return t('unit.days', { count: one.count });
    if (one.unit === 'h') return t('unit.hours', { count: one.count });
    return t('unit.minutes', { count: one.count });
  }
  return text(told);
}

function operand(t: T, value: unknown): string {
  if (value === null) return t('value.none');
  if (typeof value === 'object' && !Array.isArray(value) && typeof (value as Dict).from === 'string') return t('value.from', { path: (value as Dict).from });
  if (Array.isArray(value)) return value.map((one) => operand(t, one)).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
}

/** A condition in a line; the editor of conditions says it better. */
function conditionWords(t: T, event: EventWords['name'], told: unknown, depth = 0): string {
  if (typeof told !== 'object' || told === null) return t('condition.empty');
  const one = told as Dict;
  for (const key of ['all', 'any', 'none'] as const) {
    if (key in one) {
      const parts = dicts(one[key]).map((part) => conditionWords(t, event, part, depth + 1)).filter((part) => part !== '');
      if (parts.length === 0) return depth === 0 ? t('condition.empty') : '';
      const joined = parts.join(key === 'all' ? ` ${t('condition.and')} ` : ` ${t('condition.or')} `);
      if (key === 'none') return t('condition.not', { what: joined });
      return depth > 0 && parts.length > 1 ? `(${joined})` : joined;
    }
  }
  if (typeof one.attribute === 'string') return [one.attribute, t(`op.${text(one.op)}`), operand(t, one.value)].filter((part) => part !== '').join(' ');
  if (typeof one.tag === 'string') return t('condition.tag', { tag: one.tag });
  if (typeof one.segment === 'string') return t('condition.segment', { segment: one.segment });
  if (typeof one.list === 'string') return t('condition.list', { list: one.list });
  for (const key of ['event', 'awaited', 'seen', 'did'] as const) {
    const inner = one[key];
    if (typeof inner === 'object' && inner !== null) {
      const filters = dicts((inner as Dict).where).map((filter) => [filter.property, t(`op.${text(filter.op)}`), operand(t, filter.value)].join(' '));
      const name = event(text((inner as Dict).event) || text((inner as Dict).name));
      return [t(`condition.${key}`, { name }), ...filters].join(', ').trim();
    }
  }
  return t('condition.other');
}

export function makeWords(t: T, names: Directory, formats: Formats, event: EventWords['name']): Words {
  const duration = (told: unknown): string => durationWords(t, told);
  const condition = (told: unknown): string => conditionWords(t, event, told);
  const offset = (told: unknown): string => {
    const sign = text(told).startsWith('-');
    const plain = text(told).replace(/^[+-]/, '');
    if (!parseDuration(plain)) return t('offset.on');
    return sign ? t('offset.before', { length: duration(plain) }) : t('offset.after', { length: duration(plain) });
  };
  const filters = (told: unknown): string => {
    const count = dicts(told).length;
    return count > 0 ? ` · ${t('filters', { count })}` : '';
  };
  const nodeText = (node: NodeDoc): string => {
    switch (node.type) {
      case 'send': return node.template ? names.template(text(node.template)) : t('empty.template');
      case 'delay':
        if (node.until_time !== undefined) return t('delay.time', { time: text(node.until_time) });
        if (node.until_weekday !== undefined) return t('delay.weekday', { day: t(`weekday.${text(node.until_weekday)}`), time: text(node.time) });
        if (node.until_attribute !== undefined) {
          return t('delay.attribute', { offset: offset(node.offset), attribute: text(node.until_attribute) });
        }
        if (node.until_best_hour !== undefined) return t('delay.best');
        return t('delay.for', { length: duration(node.for) });
      case 'wait_for': {
        const most = duration(node.timeout);
        if (node.when !== undefined) return t('wait.condition', { what: condition(node.when), most });
        if (node.any_of !== undefined) return t('wait.any', { count: dicts(node.any_of).length, most });
        return node.event ? t('wait.event', { event: event(text(node.event)), most }) + filters(node.where) : t('empty.event');
      }
      case 'branch': return t('branch.text', { count: dicts(node.paths).length + 1 });
      case 'split': return dicts(node.paths).map((path) => share(t, node.paths, path.weight)).join(' · ');
      case 'experiment': return text(node.name) || t('empty.name');
      case 'set_attribute':
        if (!node.name) return t('empty.name');
        return node.value === null ? t('attribute.remove', { name: text(node.name) }) : t('attribute.set', { name: text(node.name), value: operand(t, node.value) });
      case 'add_tag': case 'remove_tag': return text(node.tag) || t('empty.tag');
      case 'add_to_list': case 'remove_from_list': return text(node.list) || t('empty.list');
      case 'start_journey': case 'stop_journey': return node.journey ? names.journey(text(node.journey)) : t('empty.journey');
      case 'webhook': return text(node.url).replace(/^https?:\/\//, '') || t('empty.url');
      case 'notify_staff': return (Array.isArray(node.to) ? node.to.join(', ') : '') || t('empty.staff');
      case 'exit': return text(node.reason) || t('exitText');
    }
  };
  const node = (told: NodeDoc): { title: string; text: string } => ({
    title: told.type === 'send' ? t(`send.${text(told.channel)}`) : t(`kind.${told.type}`),
    text: nodeText(told),
  });
  const triggerText = (told: TriggerDoc): string => {
    const at = text(told.at);
    switch (told.type) {
      case 'event': return told.event ? event(text(told.event)) + filters(told.where) : t('empty.event');
      case 'segment': {
        if (!told.segment) return t('empty.segment');
        const name = names.segment(text(told.segment));
        return told.on === 'left' ? t('startsBy.left', { name }) : t('startsBy.entered', { name });
      }
      case 'form': return told.form ? text(told.form) + filters(told.where) : t('empty.form');
      case 'message': return t(`did.${text(told.did) || 'opened'}`) + filters(told.where);
      case 'date': return told.attribute ? `${offset(told.offset)} ${text(told.attribute)}, ${at}` : t('empty.attribute');
      case 'anniversary': return told.attribute ? `${offset(told.offset)} ${text(told.attribute)}, ${at}` : t('empty.attribute');
      case 'feast': return `${offset(told.offset)} ${/^\d/.test(text(told.feast)) ? text(told.feast) : t(`feast.${text(told.feast) || 'tet'}`)}, ${at}`;
      case 'schedule': return `${t(`every.${text(told.every) || 'day'}`)}, ${Array.isArray(told.at) ? told.at.join(', ') : at}`;
      case 'threshold': return told.attribute ? `${text(told.attribute)} ${told.direction === 'down' ? '≤' : '≥'} ${operand(t, told.crosses)}` : t('empty.attribute');
      case 'score': return told.grade ? t(told.direction === 'down' ? 'startsBy.gradeLost' : 'startsBy.grade', { grade: text(told.grade) }) : t('empty.attribute');
      case 'journey': return told.journey ? names.journey(text(told.journey)) : t('empty.journey');
      case 'api': return t('startsBy.api');
    }
  };
  const way = (definition: Definition, one: Way): string => {
    const from = definition.nodes[one.from];
    switch (one.kind) {
      case 'start': case 'next': return '';
      case 'event': return from?.any_of !== undefined ? t('ways.anyOther') : t('ways.event');
      case 'met': return t('ways.met');
      case 'timeout': return t('ways.timeout');
      case 'any': return event(text(dicts(from?.any_of)[one.index]?.event)) || t('ways.number', { number: one.index + 1 });
      case 'path': return condition(dicts(from?.paths)[one.index]?.when);
      case 'otherwise': return t('ways.otherwise');
      case 'draw': return share(t, from?.paths, dicts(from?.paths)[one.index]?.weight);
      case 'variant': return `${text(dicts(from?.variants)[one.index]?.name)} · ${share(t, from?.variants, dicts(from?.variants)[one.index]?.weight)}`;
    }
  };
  return {
    duration, offset, node, way, condition, formats,
    trigger: (told) => ({ title: t(`starts.${told.type}`), text: triggerText(told) }),
    name: (definition, id) => {
      if (id === TRIGGER) return t('trigger');
      const one = definition.nodes[id];
      if (!one) return id;
      const said = node(one);
      return `${said.title}: ${said.text}`;
    },
    value: (value) => operand(t, value),
  };
}

function share(t: T, paths: unknown, weight: unknown): string {
  const total = dicts(paths).reduce((sum, path) => sum + (Number(path.weight) || 0), 0);
  return total > 0 ? t('share', { share: Math.round((Number(weight) / total) * 1000) / 10 }) : '';
}

/** Made once for a page: two hundred cards need not each ask for names. */
export function useMadeWords(): Words {
  const { t } = useTranslation('journeys');
  const names = useDirectory();
  const formats = useFormats();
  const { name: event } = useEventWords();
  return useMemo(() => makeWords(t, names, formats, event), [t, names, formats, event]);
}

const WordsContext = createContext<Words | null>(null);
export const WordsProvider = WordsContext.Provider;

export function useWords(): Words {
  const words = useContext(WordsContext);
  if (!words) throw new Error('there are no words around this part');
  return words;
}
