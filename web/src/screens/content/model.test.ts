import { describe, expect, it } from 'vitest';
import {
  begin, changeBlock, changed, copyOf, findBlock, fromChips, insertAfter, makeBlock, moved, parts, pathOf, printed, redone, shiftBlock, slug, toChips,
  undone, type Block,
} from './model';

const text = (id: string): Block => ({ id, type: 'text', props: { html: '' } });
const blocks: Block[] = [
  { id: 'logo', type: 'logo', props: {} },
  text('a'),
  { id: 'c', type: 'columns', props: { columns: [{ blocks: [text('c1'), text('c2')] }, { blocks: [] }] } },
  { id: 'footer', type: 'footer', props: {} },
];
const ids = (list: Block[]) => list.map((block) => block.id).join(' ');

describe('blocks', () => {
  it('are found and changed wherever they stand', () => {
    expect(findBlock(blocks, 'c2')?.id).toBe('c2');
    const next = changeBlock(blocks, 'c2', (block) => ({ ...block, props: { html: '<p>x</p>' } }));
    expect(findBlock(next, 'c2')?.props.html).toBe('<p>x</p>');
    expect(findBlock(blocks, 'c2')?.props.html).toBe('');
    expect(ids(changeBlock(blocks, 'a', () => null))).toBe('logo c footer');
  });
  it('are put behind the chosen one, or before the footer', () => {
    expect(ids(insertAfter(blocks, 'a', text('new')))).toBe('logo a new c footer');
    expect(ids(insertAfter(blocks, 'c1', text('new')))).toBe('logo a c new footer');
    expect(ids(insertAfter(blocks, 'footer', text('new')))).toBe('logo a c new footer');
    expect(ids(insertAfter(blocks, null, text('new')))).toBe('logo a c new footer');
  });
  it('move among their neighbours', () => {
    expect(ids(shiftBlock(blocks, 'a', 1))).toBe('logo c a footer');
    expect(findBlock(shiftBlock(blocks, 'c2', -1), 'c')?.props.columns?.[0]?.blocks[0]?.id).toBe('c2');
    expect(moved([1, 2, 3], 0, 9)).toEqual([1, 2, 3]);
  });
  it('get ids of their own when copied', () => {
    const copy = copyOf(blocks[2]!);
    expect(copy.id).not.toBe('c');
    expect(copy.props.columns?.[0]?.blocks[0]?.id).not.toBe('c1');
  });
  it('begin with words', () => {
    expect(makeBlock('heading', (key) => key).props.text).toBe('heading');
  });
});

describe('fields in texts', () => {
  const html = '<p>Chào {{ customer.given_name | default: \'bạn\' }} &amp; {% if a < 3 %}<a href="{{ cart.url }}">giỏ</a>{% endif %}</p>';
  it('become chips and fields again', () => {
    expect(toChips(html)).toContain('data-liquid="{{ customer.given_name | default: \'bạn\' }}"');
    expect(toChips(html)).toContain('href="{{ cart.url }}"');
    expect(fromChips(toChips(html))).toBe(html);
    expect(fromChips('<p><span data-liquid="{{ a }}" class="chip">a</span>b</p>')).toBe('<p>{{ a }}b</p>');
  });
  it('are told apart from words', () => {
    expect(parts('a {{ b }}c').map((part) => part.liquid)).toEqual([false, true, false]);
    expect(pathOf("{{ customer.given_name | default: 'bạn' }}")).toBe('customer.given_name');
    expect(pathOf('{% endif %}')).toBe('endif');
    expect(printed('customer.name', "l'ami")).toBe("{{ customer.name | default: 'l’ami' }}");
  });
});

describe('undoing', () => {
  it('goes back and forth, and takes quick changes of one thing together', () => {
    let state = begin(0);
    state = changed(state, 1, 'a', 0);
    state = changed(state, 2, 'a', 100);
    state = changed(state, 3, 'b', 200);
    expect(undone(state).present).toBe(2);
    expect(undone(undone(state)).present).toBe(0);
    expect(redone(undone(state)).present).toBe(3);
    expect(undone(begin(0)).present).toBe(0);
    expect(redone(begin(0)).present).toBe(0);
  });
});

it('names become words for addresses', () => {
  expect(slug('Giỏ hàng: Đừng quên!')).toMatch(/^gio-hang-dung-quen-[a-z0-9]{1,4}$/);
});
