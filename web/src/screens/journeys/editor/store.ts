/** What is being edited, what is selected, and what lies over the picture. Parts of the page listen to what they show. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import {
  begin, type Canvas, type Clip, type Definition, type Diff, type Doc, type History, merged, type NodeDoc, type Note, type Problem, redo, step, TRIGGER, undo, validate,
  type WayRef,
} from '../model';

export type Side = 'node' | 'trigger' | 'settings' | 'problems' | 'test' | 'runs' | null;

/** What one node did in the period that is looked at. */
export interface NodeFigures {
  visits: number;
  active: number;
  share: number | null;
  ended: Record<string, number>;
  sent: number | null;
  opened: number;
  clicked: number;
  refused: number;
}

/** The way of one person: what is lit, and when they came there. */
export interface Path {
  nodes: ReadonlyMap<string, string>;
  lines: ReadonlySet<string>;
  now: string | null;
}

export interface State {
  history: History<Doc>;
  problems: Problem[];
  /** What the server said of the draft when it was last asked. */
  server: Problem[];
  selected: readonly string[];
  side: Side;
  /** Where the side panel looks: a field to show first. */
  focus: string | null;
  palette: { way: WayRef; x: number; y: number; width: number; height: number } | null;
  figures: ReadonlyMap<string, NodeFigures> | null;
  path: Path | null;
  diff: Diff | null;
  /** A part of the page asks the canvas to show a node. */
  shown: { id: string; at: number } | null;
  clip: Clip | null;
  isReadOnly: boolean;
}

export class Editor {
  private state: State;
  private readonly listeners = new Set<() => void>();

  constructor(doc: Doc, isReadOnly: boolean) {
    this.state = {
      history: begin(doc), problems: validate(doc.definition), server: [], selected: [], side: null, focus: null, palette: null, figures: null, path: null, diff: null,
      shown: null, clip: null, isReadOnly,
    };
  }

  readonly get = (): State => this.state;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  set(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }

  get doc(): Doc {
    return this.state.history.present;
  }

  private keep(history: History<Doc>, more: Partial<State> = {}): void {
    if (history === this.state.history) return;
    const isSame = history.present.definition === this.state.history.present.definition;
    const { nodes } = history.present.definition;
    const notes = new Set(history.present.canvas.notes.map((note) => note.id));
    const selected = (more.selected ?? this.state.selected).filter((id) => id === TRIGGER || id in nodes || notes.has(id));
    const lostPanel = this.state.side === 'node' && selected.length === 0 && more.side === undefined;
    this.set({
      history, ...(isSame ? {} : { problems: merged(validate(history.present.definition), this.state.server) }), ...more, selected,
      ...(lostPanel ? { side: null } : {}),
    });
  }

  edit(change: (definition: Definition) => Definition, key: string | null = null, more: Partial<State> = {}): void {
    if (this.state.isReadOnly) return;
    const definition = change(this.doc.definition);
    if (definition === this.doc.definition) return;
    this.keep(step(this.state.history, { ...this.doc, definition }, Date.now(), key), more);
  }

  editCanvas(change: (canvas: Canvas) => Canvas, key: string | null = null, more: Partial<State> = {}): void {
    if (this.state.isReadOnly) return;
    const canvas = change(this.doc.canvas);
    if (canvas === this.doc.canvas) return;
    this.keep(step(this.state.history, { ...this.doc, canvas }, Date.now(), key), more);
  }

  /** Fields of a node; `undefined` takes one away. */
  patch(id: string, fields: Record<string, unknown>, key: string | null = null): void {
    this.edit((definition) => {
      const node = definition.nodes[id];
      if (!node) return definition;
      const made: NodeDoc = { ...node, ...fields };
      for (const [name, value] of Object.entries(fields)) if (value === undefined) delete made[name];
      return { ...definition, nodes: { ...definition.nodes, [id]: made } };
    }, key && `${id}.${key}`);
  }

  patchNote(id: string, fields: Partial<Note>, key: string | null = null): void {
    this.editCanvas((canvas) => ({ ...canvas, notes: canvas.notes.map((note) => (note.id === id ? { ...note, ...fields } : note)) }), key && `${id}.${key}`);
  }

  undo(): void {
    if (!this.state.isReadOnly) this.keep(undo(this.state.history));
  }

  redo(): void {
    if (!this.state.isReadOnly) this.keep(redo(this.state.history));
  }

  /** What the server found, which knows templates, segments and journeys. */
  told(server: Problem[]): void {
    this.set({ server, problems: merged(validate(this.doc.definition), server) });
  }

  /** Another document in the place of this one, which can be undone too. */
  replace(doc: Doc): void {
    this.keep(step(this.state.history, doc, Date.now()));
  }

  select(ids: readonly string[], side?: Side): void {
    this.set({ selected: ids, ...(side === undefined ? {} : { side, focus: null }) });
  }

  show(id: string): void {
    this.set({ shown: { id, at: Date.now() } });
  }
}

const EditorContext = createContext<Editor | null>(null);
export const EditorProvider = EditorContext.Provider;

export function useEditorStore(): Editor {
  const editor = useContext(EditorContext);
  if (!editor) throw new Error('there is no editor around this part');
  return editor;
}

/** A part of the state. What is chosen must be a thing that the state holds, not one made anew. */
export function useEditor<T>(choose: (state: State) => T): T {
  const editor = useEditorStore();
  return useSyncExternalStore(editor.subscribe, () => choose(editor.get()));
}

export const ofDefinition = (state: State): Definition => state.history.present.definition;
export const ofCanvas = (state: State): Canvas => state.history.present.canvas;
