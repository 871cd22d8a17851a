/** What a field is called, instead of its path. */
import i18next from 'i18next';
import { parts, pathOf } from '../model';

/** Paths that every message may use: group, path, key of its words, and what stands there for somebody who lacks it. */
export const STANDARD: [string, string, string, string?][] = [
  ['customer', 'customer.given_name', 'givenName', 'friend'],
  ['customer', 'customer.name', 'name', 'friend'],
  ['customer', 'customer.email', 'email', 'dash'],
  ['customer', 'customer.phone', 'phone', 'dash'],
  ['customer', 'customer.orders.count', 'orderCount', 'zero'],
  ['predicted', 'customer.favourite.category', 'favouriteCategory', 'dash'],
  ['predicted', 'customer.favourite.brand', 'favouriteBrand', 'dash'],
  ['predicted', 'customer.replenish.next_category', 'replenishCategory', 'dash'],
  ['shop', 'shop.name', 'shopName', 'shop'],
  ['shop', 'shop.url', 'shopUrl', 'hash'],
  ['shop', 'shop.phone', 'shopPhone', 'dash'],
  ['shop', 'shop.address', 'shopAddress', 'dash'],
  ['cart', 'cart.url', 'cartUrl', 'hash'],
  ['cart', 'cart.quantity', 'cartQuantity', 'zero'],
  ['order', 'order.number', 'orderNumber', 'dash'],
  ['order', 'order.url', 'orderUrl', 'hash'],
  ['order', 'order.tracking_number', 'tracking', 'dash'],
  ['links', 'unsubscribe_url', 'unsubscribe'],
  ['links', 'preferences_url', 'preferences'],
  ['links', 'view_url', 'view'],
];
export const MONEY: [string, string, string][] = [
  ['customer', 'customer.orders.revenue', 'revenue'],
  ['cart', 'cart.total', 'cartTotal'],
  ['order', 'order.total', 'orderTotal'],
];
const KEYS = new Map([...STANDARD, ...MONEY].map(([, path, key]) => [path, key]));

/** `Tên gọi` of `{{ customer.given_name | default: 'bạn' }}`; the path itself where it has no name. */
export function nameOf(liquid: string): string {
  const path = pathOf(liquid);
  const key = KEYS.get(path);
  return key ? i18next.t(`content:field.${key}`) : path;
}

/** A text for lists: what stands for somebody of whom nothing is known, without Liquid. */
export function plainly(text: string): string {
  const told = parts(text).map((part) => {
    if (!part.liquid) return part.text;
    if (part.text.startsWith('{%')) return '';
    return /default:\s*'([^']*)'/.exec(part.text)?.[1] ?? '…';
  });
  return told.join('');
}
