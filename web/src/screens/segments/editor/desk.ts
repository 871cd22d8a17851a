import type { ConditionContext, Fault, Tree, Words } from '../grammar';

/** What the parts of the editor share. */
export interface Desk {
  words: Words;
  context: ConditionContext;
  self: string | undefined;
  isReadOnly: boolean;
  /** Whether everything that is missing is said aloud. */
  isStrict: boolean;
  faults: Fault[];
  /** What the server found wrong, by part. */
  problems: { node: string; message: string }[];
  /** The part or filter that was just made: its first gap opens by itself. */
  fresh: string | null;
  setFresh: (id: string | null) => void;
  /** Changes of one `key` that follow each other quickly are undone together. */
  change: (how: (tree: Tree) => Tree, key?: string) => void;
  step: (id: string, by: -1 | 1) => void;
  /** What is being dragged, if anything is. */
  dragged: string | null;
  /** Whether that may be put into a group. */
  mayDrop: (group: string) => boolean;
}
