/** The document of blocks as the server reads it (docs/content.md), and what the editor does with it. */

export const BLOCK_TYPES = [
  'heading', 'text', 'image', 'button', 'hero', 'columns', 'products', 'cart', 'order', 'voucher', 'recommendations', 'stars',
  'social', 'divider', 'spacer', 'logo', 'footer', 'html',
] as const;
export type BlockType = (typeof BLOCK_TYPES)[number];
/** What may stand in a column. */
export const IN_COLUMNS: BlockType[] = ['heading', 'text', 'image', 'button', 'divider', 'spacer', 'html'];

export interface Picked {
  product_id?: string;
  name: string;
  url: string;
  image: string;
  price: string;
  before?: string;
}

export interface Test {
  field: string;
  op: 'exists' | 'missing' | 'eq' | 'ne' | 'gt' | 'lt' | 'contains';
  value?: string;
}

export interface When {
  match?: 'all' | 'any';
  tests: Test[];
}

export interface Look {
  top?: number;
  bottom?: number;
  background?: string;
  color?: string;
  align?: 'left' | 'center' | 'right';
}

export interface Column {
  width?: number;
  blocks: Block[];
}

/** All properties of all blocks: each block has some of them. */
export interface Props {
  text?: string;
  level?: number;
  html?: string;
  size?: number;
  src?: string;
  alt?: string;
  link?: string;
  width?: number;
  rounded?: boolean;
  image?: string;
  eyebrow?: string;
  title?: string;
  label?: string;
  url?: string;
  outline?: boolean;
  wide?: boolean;
  columns?: Column[];
  stack?: boolean;
  middle?: boolean;
  source?: 'cart' | 'order' | 'event' | 'picked' | 'recommendations';
  /** A place of recommendations, or a rail. */
  place?: string;
  per_row?: number;
  limit?: number;
  show_price?: boolean;
  show_total?: boolean;
  show_totals?: boolean;
  picked?: Picked[];
  code?: string;
  low?: string;
  high?: string;
  links?: { name: string; url: string }[];
  color?: string;
  height?: number;
  reason?: string;
  social?: boolean;
  view_link?: boolean;
  preferences?: boolean;
}

export interface Block {
  id: string;
  type: BlockType;
  when?: When;
  look?: Look;
  props: Props;
}

export interface Style {
  primary?: string;
  button_text?: string;
  background?: string;
  surface?: string;
  text?: string;
  muted?: string;
  font?: string;
  radius?: number;
  width?: number;
}

export interface Document {
  version: 1;
  language: 'vi' | 'en';
  style?: Style;
  blocks: Block[];
}

export interface Action {
  label: string;
  url: string;
}

export interface PushDesign {
  title?: string;
  body?: string;
  image?: string;
  url?: string;
  actions?: Action[];
}

export interface ZnsDesign {
  template_id?: string;
  title?: string;
  paragraphs?: string[];
  rows?: { label: string; value: string }[];
  buttons?: Action[];
  params?: Record<string, string>;
}

export type Body =
  | { kind: 'blocks'; source: Document }
  | { kind: 'mjml' | 'html' | 'text'; source: string }
  | { kind: 'push'; source: PushDesign }
  | { kind: 'zns'; source: ZnsDesign };

/** A template as it is worked on: what the API takes. */
export interface Work {
  name: string;
  channel: string;
  purpose: 'marketing' | 'transactional';
  subject: string;
  preheader: string;
  body: Body;
  text?: string;
}

export function freshId(prefix = 'b'): string {
  return `${prefix}${Math.random().toString(36).slice(2, 9)}`;
}

/** A word for addresses, made of a name: "Giỏ hàng" is `gio-hang-x1y2`. */
export function slug(name: string): string {
  const plain = name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/gi, 'd').toLowerCase();
  const words = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 48);
  return [words || 'template', Math.random().toString(36).slice(2, 6)].join('-');
}

/** A new block; `words` gives the texts that it begins with. */
export function makeBlock(type: BlockType, words: (key: string) => string): Block {
  const shop = "{{ shop.url | default: '#' }}";
  const props: Partial<Record<BlockType, () => Props>> = {
    heading: () => ({ text: words('heading'), level: 2 }),
    text: () => ({ html: `<p>${words('text')}</p>` }),
    image: () => ({ src: '', alt: '' }),
    button: () => ({ label: words('button'), url: shop }),
    hero: () => ({ title: words('hero'), text: words('heroText'), label: words('button'), url: shop }),
    columns: () => ({
      columns: [0, 1].map(() => ({
        blocks: [{ id: freshId(), type: 'text' as const, props: { html: `<p>${words('column')}</p>` } }],
      })),
    }),
    products: () => ({ source: 'picked', per_row: 2, limit: 4, picked: [] }),
    cart: () => ({ label: words('cart') }),
    order: () => ({}),
    voucher: () => ({ code: words('code'), title: words('voucher'), label: words('useVoucher'), url: shop }),
    recommendations: () => ({ title: words('recommendations'), place: 'email', per_row: 3, limit: 3, picked: [] }),
    stars: () => ({ url: shop, low: words('low'), high: words('high') }),
    social: () => ({ links: [] }),
    spacer: () => ({ height: 24 }),
    html: () => ({ html: '<p></p>' }),
  };
  return { id: freshId(), type, props: props[type]?.() ?? {} };
}

/** The same block with ids of its own. */
export function copyOf(block: Block): Block {
  const columns = block.props.columns?.map((column) => ({ ...column, blocks: column.blocks.map(copyOf) }));
  return { ...structuredClone(block), id: freshId(), props: { ...structuredClone(block.props), ...(columns ? { columns } : {}) } };
}

export function findBlock(blocks: Block[], id: string): Block | undefined {
  for (const block of blocks) {
    if (block.id === id) return block;
    for (const column of block.props.columns ?? []) {
      const found = findBlock(column.blocks, id);
      if (found) return found;
    }
  }
  return undefined;
}

/** The list with the block of this id changed, wherever it stands; `null` takes it out, a list puts several there. */
export function changeBlock(blocks: Block[], id: string, change: (block: Block) => Block | Block[] | null): Block[] {
  return blocks.flatMap((block) => {
    if (block.id === id) {
      const changed = change(block);
      return changed === null ? [] : changed;
    }
    if (!block.props.columns) return [block];
    const columns = block.props.columns.map((column) => ({ ...column, blocks: changeBlock(column.blocks, id, change) }));
    return [{ ...block, props: { ...block.props, columns } }];
  });
}

/** Moves a block among its neighbours: by -1 or 1. */
export function shiftBlock(blocks: Block[], id: string, by: number): Block[] {
  const at = blocks.findIndex((block) => block.id === id);
  if (at >= 0) return moved(blocks, at, at + by);
  return blocks.map((block) => {
    if (!block.props.columns) return block;
    const columns = block.props.columns.map((column) => ({ ...column, blocks: shiftBlock(column.blocks, id, by) }));
    return { ...block, props: { ...block.props, columns } };
  });
}

export function moved<T>(list: T[], from: number, to: number): T[] {
  if (from < 0 || to < 0 || from >= list.length || to >= list.length || from === to) return list;
  const next = [...list];
  const [one] = next.splice(from, 1) as [T];
  next.splice(to, 0, one);
  return next;
}

/** Puts a block behind the one of this id; at the end, but before the footer, when there is none. */
export function insertAfter(blocks: Block[], id: string | null, block: Block): Block[] {
  const at = blocks.findIndex((one) => one.id === id || (one.props.columns ?? []).some((column) => column.blocks.some((inner) => inner.id === id)));
  if (at >= 0 && blocks[at]!.type !== 'footer') return [...blocks.slice(0, at + 1), block, ...blocks.slice(at + 1)];
  const footer = blocks.findIndex((one) => one.type === 'footer');
  const end = footer < 0 ? blocks.length : footer;
  return [...blocks.slice(0, end), block, ...blocks.slice(end)];
}

const LIQUID = /(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})/;

export interface TextPart {
  liquid: boolean;
  text: string;
}

/** Text and Liquid apart. */
export function parts(text: string): TextPart[] {
  return text.split(LIQUID).filter((part) => part !== '').map((part) => ({ liquid: LIQUID.test(part), text: part }));
}

/** What a field asks for, without its filters: `customer.given_name`. */
export function pathOf(liquid: string): string {
  const inside = liquid.replace(/^\{[{%]-?\s*/, '').replace(/\s*-?[%}]\}$/, '');
  return inside.split('|')[0]!.trim();
}

function attribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** The document's HTML with each field as an element that the editor shows as a chip. */
export function toChips(html: string): string {
  return html
    .split(/(<[^>]*>)/)
    .map((piece) => piece.startsWith('<')
      ? piece
      : parts(piece).map((part) => (part.liquid ? `<span data-liquid="${attribute(part.text)}"></span>` : part.text)).join(''))
    .join('');
}

/** The editor's HTML with each chip as its field again. */
export function fromChips(html: string): string {
  const text = (escaped: string) =>
    escaped.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');
  return html.replace(/<span\b[^>]*\bdata-liquid="([^"]*)"[^>]*>[\s\S]*?<\/span>/g, (_, liquid: string) => text(liquid));
}

/** The Liquid that prints a field: with `or` where somebody may lack it. */
export function printed(path: string, or?: string): string {
  return or ? `{{ ${path} | default: '${or.replace(/'/g, '’')}' }}` : `{{ ${path} }}`;
}

export interface Undoable<T> {
  past: T[];
  present: T;
  future: T[];
  /** What was changed last, and when: quick changes of the same thing are one step. */
  last: { key: string; at: number } | null;
}

const STEPS_MAX = 100;
const TOGETHER_MS = 900;

export function begin<T>(present: T): Undoable<T> {
  return { past: [], present, future: [], last: null };
}

export function changed<T>(state: Undoable<T>, present: T, key: string, at: number): Undoable<T> {
  if (present === state.present) return state;
  const together = state.last !== null && state.last.key === key && at - state.last.at < TOGETHER_MS && key !== '';
  const past = together ? state.past : [...state.past, state.present].slice(-STEPS_MAX);
  return { past, present, future: [], last: { key, at } };
}

export function undone<T>(state: Undoable<T>): Undoable<T> {
  const before = state.past.at(-1);
  if (before === undefined) return state;
  return { past: state.past.slice(0, -1), present: before, future: [state.present, ...state.future], last: null };
}

export function redone<T>(state: Undoable<T>): Undoable<T> {
  const [next, ...future] = state.future;
  if (next === undefined) return state;
  return { past: [...state.past, state.present], present: next, future, last: null };
}
