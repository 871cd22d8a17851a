// What a condition is while somebody edits it. The JSON of docs/segments.md is read by parse.ts and written by
// write.ts; say.ts makes sentences of it. Nothing here knows React or a language.

export type Scalar = string | number | boolean;
/** A literal, or something that is looked up when it is asked: `event.properties.order_id`. */
export type Operand = Scalar | Scalar[] | { from: string };

export const OPS = [
  'eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'contains', 'not_contains', 'starts_with', 'ends_with', 'like', 'in', 'not_in',
  'exists', 'not_exists', 'before', 'after', 'on', 'within_last', 'older_than', 'within_next', 'further_than',
  'anniversary_within', 'anniversary_passed',
] as const;
export type Op = (typeof OPS)[number];

export const NUMBER_OPS = ['gte', 'gt', 'eq', 'ne', 'lte', 'lt'] as const;
export type NumberOp = (typeof NUMBER_OPS)[number];

export interface Test {
  op: Op;
  /** Not there: still to be written, or the operator takes none. */
  value?: Operand | undefined;
  calendar?: 'lunar' | undefined;
}

export interface Filter {
  id: string;
  property: string;
  test: Test;
}

export const PERIODS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Period = (typeof PERIODS)[number];

export type Window =
  | { kind: 'last'; last: string }
  | { kind: 'ago'; from: string; to: string }
  | { kind: 'between'; from?: string | undefined; to?: string | undefined }
  | { kind: 'this'; period: Period };

export const MEASURES = ['sum', 'average', 'min', 'max', 'distinct'] as const;
export type Measure = { kind: 'count' } | { kind: (typeof MEASURES)[number]; property: string };

/** How many, or how much. */
export interface Check {
  measure: Measure;
  op: NumberOp;
  value?: number | undefined;
}

export type Ask = { kind: 'at'; test: Test } | { kind: 'property'; property: string; test: Test };
export type End = 'first' | 'last';

export const CHANNELS = ['email', 'sms', 'zalo', 'push', 'onsite', 'webhook'] as const;
export const PURPOSES = ['marketing', 'transactional', 'profiling', 'ads'] as const;
export const CONSENT_STATES = ['granted', 'pending', 'denied'] as const;
export const HAPPENED = ['sent', 'opened', 'clicked', 'unsubscribed', 'refused'] as const;
export const RUN_STATES = ['any', 'active', 'completed', 'goal_reached', 'exited', 'failed'] as const;
export type Channel = (typeof CHANNELS)[number];
export type Purpose = (typeof PURPOSES)[number];
export type ConsentState = (typeof CONSENT_STATES)[number];
export type Happened = (typeof HAPPENED)[number];
export type RunState = (typeof RUN_STATES)[number];

export interface Followed {
  event: string;
  where: Filter[];
  within: string;
}

export type Leaf =
  | { type: 'attribute'; path: string; test: Test }
  | { type: 'tag'; tag: string }
  | { type: 'list'; list: string }
  | { type: 'segment'; segment: string }
  | { type: 'consent'; channel: Channel; purpose: Purpose; state: ConsentState }
  | { type: 'did'; event: string; where: Filter[]; window?: Window | undefined; check: Check; notFollowedBy?: Followed | undefined }
  | { type: 'pick'; end: End; event: string; where: Filter[]; ask: Ask }
  | { type: 'orders'; where: Filter[]; lines: Filter[]; window?: Window | undefined; check: Check }
  | { type: 'orderPick'; end: End; where: Filter[]; lines: Filter[]; ask: Ask }
  | {
      type: 'message';
      did: Happened;
      channel?: Channel | undefined;
      purpose?: Purpose | undefined;
      template?: string | undefined;
      journey?: string | undefined;
      campaign?: string | undefined;
      window?: Window | undefined;
      check: Check;
    }
  | { type: 'journey'; journey: string; state: RunState; window?: Window | undefined }
  | { type: 'bucket'; name: string; from: number; to: number }
  | { type: 'event'; name?: string | undefined; where: Filter[] }
  | { type: 'awaited'; name?: string | undefined; where: Filter[] }
  | { type: 'seen'; event: string; where: Filter[]; atLeast: number };
export type LeafType = Leaf['type'];
export type LeafOf<T extends LeafType> = Extract<Leaf, { type: T }>;

export const JOINS = ['all', 'any', 'none'] as const;
export type Join = (typeof JOINS)[number];

export interface LeafNode {
  kind: 'leaf';
  id: string;
  /** Written as `none` around this leaf alone. */
  negated: boolean;
  leaf: Leaf;
}

export interface GroupNode {
  kind: 'group';
  id: string;
  join: Join;
  parts: Node[];
}

export type Node = LeafNode | GroupNode;

/** A whole condition. Its root is always a group, so that there is a place to put the next part. */
export interface Tree {
  root: GroupNode;
  /** The group is the editor's own: with one part in it, that part alone is written. */
  bare: boolean;
}

/** Where a condition stands: what it may look at beside the customer. */
export type ConditionContext = 'segment' | 'event' | 'journey';

export const LIMITS = { depth: 8, predicates: 200, filters: 20, list: 1000, textBytes: 1000 } as const;

let last = 0;
/** A name for a part on the screen; it is never stored. */
export function freshId(): string {
  last += 1;
  return `n${last}`;
}

export function isReference(value: Operand | undefined): value is { from: string } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
