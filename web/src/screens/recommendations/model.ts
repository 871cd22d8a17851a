/** Places of recommendations and their rules, as the API tells them. */
import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schema } from '../../api';

export type Place = Schema<'RecommendationPlace'>;
export type PlaceTold = Schema<'RecommendationPlaceTold'>;
export type Rules = Schema<'RecommendationRules'>;
export type Recommended = Schema<'Recommendation'>;
export type Settings = Schema<'RecommendationSettings'>;

export const RAILS = [
  'for_you', 'buy_again', 'recently_viewed', 'bought_together', 'viewed_together', 'similar', 'popular', 'popular_in_segment', 'new', 'back_in_stock',
  'price_dropped',
] as const;
export type Rail = (typeof RAILS)[number];

/** Places that every shop has at first; they have names of ours. */
export const USUAL = ['home', 'product', 'cart', 'email'] as const;

export const placesQuery = queryOptions({ queryKey: ['recommendations', 'places'], queryFn: () => call(api.GET('/api/v1/recommendations/places')) });
export const settingsQuery = queryOptions({ queryKey: ['recommendations', 'rules'], queryFn: () => call(api.GET('/api/v1/recommendations/rules')) });

export const railOf = (told: string): Rail => RAILS.find((one) => one === told) ?? 'popular';

/** Whether a rail starts from products of a page or a cart. */
export const needsProducts = (rail: string): boolean => ['bought_together', 'viewed_together', 'similar'].includes(rail);

export const NO_RULES: Rules = {
  in_stock_only: true, min_margin: null, bought: 'ever', bought_days: null, with_cart: false, max_per_category: null, only_categories: [], never_categories: [],
  price_band: null, complete_only: false,
};

/** A form's values of a place. */
export interface Draft {
  id: string;
  name: string;
  rail: string;
  fall_back: string[];
  segment: string | null;
  limit: number;
  rules: Rules;
  pins: { product_id: string; from?: string | null; until?: string | null }[];
}

export const draftOf = (place: Place | undefined): Draft =>
  place
    ? { id: place.id, name: place.name, rail: place.rail, fall_back: place.fall_back, segment: place.segment ?? null, limit: place.limit, rules: place.rules, pins: place.pins }
    : { id: '', name: '', rail: 'for_you', fall_back: ['popular'], segment: null, limit: 8, rules: NO_RULES, pins: [] };

/** What the API is told of a draft. */
export const toldOf = ({ name, rail, fall_back, segment, limit, rules, pins }: Draft): PlaceTold => {
  const inSegment = rail === 'popular_in_segment' || fall_back.includes('popular_in_segment');
  const bought_days = rules.bought === 'days' ? (rules.bought_days ?? 90) : null;
  return { name, rail, fall_back: fall_back.filter((one) => one !== rail), segment: inSegment ? segment : null, limit, rules: { ...rules, bought_days }, pins };
};

/** A word that can name a place, made of what somebody typed. */
export function idOf(name: string): string {
  const plain = name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/gi, 'd').toLowerCase();
  const id = plain.replace(/[^a-z0-9]+/g, '_').replace(/^[_0-9]+|_+$/g, '').slice(0, 40);
  return RAILS.some((rail) => rail === id) ? `${id}_2` : id;
}
