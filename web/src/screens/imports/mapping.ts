/** What the columns of a file hold: as somebody chooses it, and as the document that the server reads. */
import type { Kind } from './job';

/** What a column is taken for. `name` fills targets that end in a colon. */
export interface Choice {
  /** Empty: it is left out. */
  target: string;
  name: string;
  type?: string;
  notation?: string;
  dates?: string;
}

export interface Draft {
  columns: Record<string, Choice>;
  source: string;
  timeZone: string;
  currency: string;
  tags: string[];
  lists: string[];
  consentSource: string;
  event: string;
  encoding: string;
  separator: string;
  sheet: string;
}

interface Detailed {
  to: string;
  type?: string;
  notation?: string;
  dates?: string;
  separator?: string;
}

export interface MapDocument {
  columns: Record<string, string | Detailed>;
  source?: string;
  time_zone?: string;
  currency?: string;
  tags?: string[];
  lists?: string[];
  consent_source?: string;
  event?: string;
  file?: { encoding?: string; separator?: string; sheet?: string };
}

export const EMPTY: Draft = {
  columns: {}, source: '', timeZone: '', currency: '', tags: [], lists: [], consentSource: '', event: '', encoding: '', separator: '', sheet: '',
};

/** Targets whose name somebody gives. */
export const NAMED = ['attribute:', 'property:', 'buyer:', 'custom:'];
const PEOPLE = {
  who: ['email', 'phone', 'user_id', 'zalo_id', 'buyer:', 'custom:', 'anonymous_id'],
  about: ['attribute:name', 'attribute:first_name', 'attribute:last_name', 'attribute:birthday', 'attribute:gender', 'attribute:city', 'attribute:address', 'attribute:country', 'attribute:'],
  consent: ['consent:email.marketing', 'consent:sms.marketing', 'consent:zalo.marketing', 'consent_at'],
  groups: ['tags', 'lists', 'updated_at'],
};
const ORDER = {
  order: ['order_id', 'ordered_at', 'status', 'currency', 'total', 'revenue', 'discount', 'shipping', 'tax', 'coupon'],
  line: ['product_id', 'sku', 'product_name', 'variant', 'category', 'brand', 'price', 'quantity', 'line_total', 'line_discount'],
};
const PRODUCT = { product: ['product_id', 'sku', 'product_name', 'category', 'brand', 'price', 'currency', 'compare_at_price', 'cost', 'stock', 'in_stock', 'hidden', 'categories', 'url', 'image_url', 'created_at'] };
const EVENT = { event: ['event', 'at', 'message_id', 'property:'] };

/** What a column can hold, in groups. */
export function targetsOf(kind: Kind): Record<string, string[]> {
  if (kind === 'profiles') return PEOPLE;
  if (kind === 'orders') return { ...ORDER, ...PEOPLE };
  if (kind === 'products') return PRODUCT;
  return { ...EVENT, ...PEOPLE };
}

/** `consent:email.marketing` has the text `consent_email_marketing`. */
export function targetKey(target: string): string {
  return target.replace(/:$/, '_other').replace(/[:.]/g, '_');
}

export function choiceOf(told: string | Detailed | undefined, known: string[]): Choice {
  if (told === undefined) return { target: '', name: '' };
  const detail = typeof told === 'string' ? { to: told } : told;
  const rest = { type: detail.type, notation: detail.notation, dates: detail.dates };
  if (detail.to === 'ignore') return { target: '', name: '' };
  if (known.includes(detail.to)) return { target: detail.to, name: '', ...rest };
  const at = detail.to.indexOf(':');
  const prefix = at > 0 ? detail.to.slice(0, at + 1) : '';
  return NAMED.includes(prefix) ? { target: prefix, name: detail.to.slice(at + 1), ...rest } : { target: detail.to, name: '', ...rest };
}

/** Whether what stands in a column counts something. What begins with a zero, or is long, is a code. */
export function areNumbers(samples: string[]): boolean {
  return samples.length > 1 && samples.every((sample) => /^-?(0|[1-9]\d{0,7})([.,]\d{1,2})?$/.test(sample.trim()));
}

/** A draft of what the server suggests, over what was chosen before. */
export function draftOf(suggested: Partial<MapDocument>, columns: { name: string; samples: string[] }[], kind: Kind): Draft {
  const known = Object.values(targetsOf(kind)).flat();
  const choice = ({ name, samples }: { name: string; samples: string[] }): Choice => {
    const found = choiceOf(suggested.columns?.[name], known);
    const isFree = found.target === 'attribute:' || found.target === 'property:';
    return isFree && !found.type && areNumbers(samples) ? { ...found, type: 'number' } : found;
  };
  return {
    ...EMPTY,
    columns: Object.fromEntries(columns.map((column) => [column.name, choice(column)])),
    source: suggested.source ?? '',
    consentSource: suggested.consent_source ?? '',
  };
}

const some = (text: string): string | undefined => text.trim() || undefined;

export function documentOf(draft: Draft): MapDocument {
  const columns: MapDocument['columns'] = {};
  for (const [column, choice] of Object.entries(draft.columns)) {
    if (!choice.target) continue;
    const isNamed = NAMED.includes(choice.target);
    const to = isNamed ? `${choice.target}${choice.name.trim()}` : choice.target;
    const { type, notation, dates } = choice;
    columns[column] = type || notation || dates ? { to, ...(type ? { type } : {}), ...(notation ? { notation } : {}), ...(dates ? { dates } : {}) } : to;
  }
  const file = { encoding: some(draft.encoding), separator: draft.separator || undefined, sheet: some(draft.sheet) };
  return {
    columns,
    source: some(draft.source), time_zone: some(draft.timeZone), currency: some(draft.currency), consent_source: some(draft.consentSource), event: some(draft.event),
    ...(draft.tags.length > 0 ? { tags: draft.tags } : {}),
    ...(draft.lists.length > 0 ? { lists: draft.lists } : {}),
    ...(Object.values(file).some(Boolean) ? { file } : {}),
  };
}

/** A name for an attribute from the name of its column: `Ngày mua đầu` is `ngay_mua_dau`. */
export function attributeName(column: string): string {
  const plain = column.toLowerCase().replace(/đ/g, 'd').normalize('NFD').replace(/[\u0300-\u036f]/g, '');
  return plain.replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
}

export function hasConsent(draft: Draft): boolean {
  return Object.values(draft.columns).some((choice) => choice.target.startsWith('consent:'));
}

/** What the shop chose for a file stays with its browser until the import is started. */
const keyOf = (id: string) => `quaylai.import.${id}`;

export function keep(id: string, draft: Draft): void {
  try {
    localStorage.setItem(keyOf(id), JSON.stringify(draft));
  } catch {
    // Then it is chosen again.
  }
}

export function kept(id: string): Draft | null {
  try {
    const told = localStorage.getItem(keyOf(id));
    return told ? { ...EMPTY, ...(JSON.parse(told) as Draft) } : null;
  } catch {
    return null;
  }
}

export function forget(id: string): void {
  try {
    localStorage.removeItem(keyOf(id));
  } catch {
    // Nothing was kept.
  }
}
