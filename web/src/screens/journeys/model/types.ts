// A journey as docs/journeys.md writes it, kept as loose as JSON: what this app does not know survives an edit.

export const NODE_KINDS = [
  'send', 'delay', 'wait_for', 'branch', 'split', 'experiment', 'set_attribute', 'add_tag', 'remove_tag', 'add_to_list',
  'remove_from_list', 'start_journey', 'stop_journey', 'webhook', 'notify_staff', 'exit',
] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

export const TRIGGER_KINDS = [
  'event', 'segment', 'form', 'message', 'date', 'anniversary', 'feast', 'schedule', 'threshold', 'score', 'journey', 'api',
] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

export const CHANNELS = ['email', 'sms', 'zalo', 'push', 'onsite', 'webhook'] as const;
export type Channel = (typeof CHANNELS)[number];

export interface Filter {
  property: string;
  op: string;
  value?: unknown;
}

export interface NodeDoc {
  type: NodeKind;
  [key: string]: unknown;
}

export interface TriggerDoc {
  type: TriggerKind;
  [key: string]: unknown;
}

export interface EntryDoc {
  when?: unknown;
  reentry?: 'once' | 'when_not_running' | 'always';
  cooldown?: string;
  max_runs_at_once?: number;
}

export interface GoalDoc {
  event: string;
  where?: Filter[];
  within?: string;
}

export interface ExitRuleDoc {
  event?: string;
  where?: Filter[];
  when?: unknown;
  reason?: string;
}

export interface Definition {
  schema: number;
  name: string;
  description?: string;
  trigger: TriggerDoc;
  entry?: EntryDoc;
  goal?: GoalDoc;
  exit_when?: ExitRuleDoc[];
  start: string;
  nodes: Record<string, NodeDoc>;
}

/** The start of a journey, where a node's id is asked for. No node has this id: it has a blank. */
export const TRIGGER = 'trigger';

/** A way out of a node: `paths.0.next`. Of the trigger it is `start`. */
export interface WayRef {
  from: string;
  field: string;
}

export type WayKind = 'start' | 'next' | 'event' | 'met' | 'timeout' | 'any' | 'path' | 'otherwise' | 'draw' | 'variant';

export interface Way extends WayRef {
  kind: WayKind;
  to: string | null;
  /** Its place among those of its kind. */
  index: number;
}

export interface Note {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  text: string;
  colour: 'yellow' | 'blue' | 'green' | 'pink' | 'grey';
}

export interface Place {
  x: number;
  y: number;
}

/** What stands beside the definition. */
export interface Canvas {
  free: boolean;
  places: Record<string, Place>;
  notes: Note[];
}

/** All that an edit may change. */
export interface Doc {
  definition: Definition;
  canvas: Canvas;
}

export const LIMITS = { nodes: 200, paths: 20, anyOf: 10, exits: 20, filters: 20, staff: 20, headers: 20, properties: 20, times: 24, notes: 100 } as const;
