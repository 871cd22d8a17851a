/** What the list of customers shows: filters, order, columns; and views of it under a name. */
import type { Schema } from '../../api';

export type Filter = Partial<Schema<'PeopleFilter'>> & { field: string };
export type Person = Schema<'PersonRow'>;
export type SavedView = Schema<'SavedView'>;

export interface Choice {
  search: string;
  filters: Filter[];
  sort: string;
  ascending: boolean;
}

export interface View {
  choice: Choice;
  columns: string[];
}

export const STAGES = ['visitor', 'subscriber', 'shopper', 'customer', 'repeat_customer', 'lapsing', 'lost'] as const;
export const CHANNELS = ['email', 'sms', 'zalo', 'push'] as const;
export const IDENTIFIERS = ['email', 'phone', 'zalo_id', 'user_id', 'push', 'anonymous_id'] as const;

/** How a filter is asked for. */
export type Kind = 'choice' | 'number' | 'money' | 'instant' | 'consent' | 'flag' | 'segment';
export interface Field {
  field: string;
  kind: Kind;
  group: 'who' | 'bought' | 'when' | 'reach';
}

export const FIELDS: Field[] = [
  { field: 'segment', kind: 'segment', group: 'who' },
  { field: 'list', kind: 'choice', group: 'who' },
  { field: 'tag', kind: 'choice', group: 'who' },
  { field: 'stage', kind: 'choice', group: 'who' },
  { field: 'orders', kind: 'number', group: 'bought' },
  { field: 'revenue', kind: 'money', group: 'bought' },
  { field: 'average', kind: 'money', group: 'bought' },
  { field: 'last_order', kind: 'instant', group: 'bought' },
  { field: 'first_order', kind: 'instant', group: 'bought' },
  { field: 'last_seen', kind: 'instant', group: 'when' },
  { field: 'created', kind: 'instant', group: 'when' },
  { field: 'identifier', kind: 'choice', group: 'reach' },
  { field: 'consent', kind: 'consent', group: 'reach' },
  { field: 'restricted', kind: 'flag', group: 'reach' },
];
export const GROUPS = ['who', 'bought', 'when', 'reach'] as const;

export interface Column {
  id: string;
  /** What the server sorts by, when it can. */
  sort?: string;
  width: number;
  end?: boolean;
}

export const COLUMNS: Column[] = [
  { id: 'stage', width: 165 },
  { id: 'email', width: 220 },
  { id: 'phone', width: 140 },
  { id: 'orders', sort: 'orders', width: 90, end: true },
  { id: 'revenue', sort: 'revenue', width: 150, end: true },
  { id: 'average', sort: 'average', width: 140, end: true },
  { id: 'last_order', sort: 'last_order', width: 145 },
  { id: 'first_order', sort: 'first_order', width: 145 },
  { id: 'last_seen', sort: 'last_seen', width: 175 },
  { id: 'created', sort: 'created', width: 150 },
  { id: 'reachable', width: 175 },
  { id: 'tags', width: 200 },
  { id: 'lists', width: 180 },
];
export const NAME_WIDTH = 270;
export const ATTRIBUTE = 'attribute:';

export function columnOf(id: string): Column {
  return COLUMNS.find((one) => one.id === id) ?? { id, width: 160 };
}

export const DEFAULT_COLUMNS = ['stage', 'orders', 'revenue', 'last_order', 'last_seen', 'reachable', 'tags'];
export const EVERYBODY: Choice = { search: '', filters: [], sort: 'last_seen', ascending: false };

/** Views that everybody has from the start. */
export const STARTERS: { id: string; choice: Choice }[] = [
  { id: 'all', choice: EVERYBODY },
  { id: 'fresh', choice: { ...EVERYBODY, filters: [{ field: 'created', within_days: 7 }], sort: 'created' } },
  { id: 'loyal', choice: { ...EVERYBODY, filters: [{ field: 'stage', any: ['repeat_customer'] }], sort: 'revenue' } },
  { id: 'leaving', choice: { ...EVERYBODY, filters: [{ field: 'stage', any: ['lapsing'] }], sort: 'revenue' } },
];

export function sameChoice(one: Choice, other: Choice): boolean {
  return JSON.stringify(tidy(one)) === JSON.stringify(tidy(other));
}

/** With every key in one order, and none that says nothing. */
export function tidy(choice: Choice): Choice {
  const filter = (one: Filter): Filter => {
    const kept = Object.entries(one).filter(([, value]) => value !== null && value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0));
    return Object.fromEntries(kept.sort(([a], [b]) => a.localeCompare(b))) as unknown as Filter;
  };
  return { search: choice.search.trim(), filters: choice.filters.map(filter), sort: choice.sort, ascending: choice.ascending };
}

/** As the server takes it. */
export function asked(choice: Choice): Schema<'PeopleChoice'> {
  return tidy(choice) as unknown as Schema<'PeopleChoice'>;
}

/** A choice out of an address or a stored document, of which nothing is certain. */
export function readChoice(told: unknown): Choice | null {
  if (typeof told !== 'object' || told === null) return null;
  const { search, filters, sort, ascending } = told as Partial<Choice>;
  const known = Array.isArray(filters) ? filters.filter((one) => typeof one?.field === 'string') : [];
  return {
    search: typeof search === 'string' ? search : '',
    filters: known,
    sort: COLUMNS.some((one) => one.sort === sort) ? (sort as string) : EVERYBODY.sort,
    ascending: ascending === true,
  };
}

export function readColumns(told: unknown): string[] | null {
  if (!Array.isArray(told)) return null;
  const known = told.filter((id): id is string => typeof id === 'string' && (COLUMNS.some((one) => one.id === id) || id.startsWith(ATTRIBUTE)));
  return known.length > 0 ? [...new Set(known)] : null;
}

export function attributesOf(columns: string[]): string[] {
  return columns.filter((id) => id.startsWith(ATTRIBUTE)).map((id) => id.slice(ATTRIBUTE.length));
}

/** Who is chosen: some by their ids, or all whom the list shows but some. */
export interface Chosen {
  all: boolean;
  ids: ReadonlySet<string>;
}
export const NOBODY: Chosen = { all: false, ids: new Set() };
