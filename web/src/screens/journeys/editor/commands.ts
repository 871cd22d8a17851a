/** What the keys and the buttons of the canvas do. */
import i18next from 'i18next';
import { notify } from '../../../parts/notify';
import { alsoLost, type Clip, copy, type Note, paste, remove, removeBranch, startWay, waysFrom } from '../model';
import type { Editor } from './store';

const MARK = 'quaylai/steps';

function chosen(editor: Editor): { nodes: string[]; notes: string[] } {
  const { definition, canvas } = editor.doc;
  const { selected } = editor.get();
  const notes = new Set(canvas.notes.map((note) => note.id));
  return { nodes: selected.filter((id) => id in definition.nodes), notes: selected.filter((id) => notes.has(id)) };
}

export function removeSelected(editor: Editor): void {
  const { nodes, notes } = chosen(editor);
  if (editor.get().isReadOnly || nodes.length + notes.length === 0) return;
  const lost = alsoLost(editor.doc.definition, nodes).length;
  if (notes.length > 0) editor.editCanvas((canvas) => ({ ...canvas, notes: canvas.notes.filter((note) => !notes.includes(note.id)) }));
  if (nodes.length > 0) editor.edit((definition) => remove(definition, nodes), null, { selected: [], side: null });
  notify.undo(i18next.t('journeys:removed', { count: nodes.length + notes.length + lost }), () => editor.undo());
}

export function removeWithBranch(editor: Editor, id: string): void {
  const before = Object.keys(editor.doc.definition.nodes).length;
  editor.edit((definition) => removeBranch(definition, id), null, { selected: [], side: null });
  notify.undo(i18next.t('journeys:removed', { count: before - Object.keys(editor.doc.definition.nodes).length }), () => editor.undo());
}

export function copySelected(editor: Editor): Clip | null {
  const { nodes } = chosen(editor);
  if (nodes.length === 0) return null;
  const clip = copy(editor.doc.definition, nodes);
  editor.set({ clip });
  notify.done(i18next.t('journeys:copiedSteps', { count: clip.order.length }));
  return clip;
}

export const clipText = (clip: Clip): string => JSON.stringify({ [MARK]: 1, ...clip });

export function readClip(told: string): Clip | null {
  if (!told.includes(MARK) || told.length > 262_144) return null;
  try {
    const read = JSON.parse(told) as Clip & Record<string, unknown>;
    const isGood = read[MARK] === 1 && Array.isArray(read.order) && read.order.every((id) => typeof read.nodes[id]?.type === 'string');
    return isGood ? { nodes: read.nodes, order: read.order } : null;
  } catch {
    return null;
  }
}

/** Behind the step that is selected, else at the start. */
export function pasteClip(editor: Editor, clip: Clip | null): void {
  if (!clip || editor.get().isReadOnly) return;
  const { definition } = editor.doc;
  const last = chosen(editor).nodes.at(-1);
  const way = (last ? waysFrom(definition, last)[0] : undefined) ?? startWay(definition);
  let ids: string[] = [];
  editor.edit((now) => {
    const pasted = paste(now, clip, way);
    ids = pasted.ids;
    return pasted.definition;
  });
  if (ids[0]) {
    editor.select(ids);
    editor.show(ids[0]);
  }
}

export function duplicate(editor: Editor): void {
  const { nodes } = chosen(editor);
  if (nodes.length > 0) pasteClip(editor, copy(editor.doc.definition, nodes));
}

export function addNote(editor: Editor, at: { x: number; y: number }): void {
  const taken = new Set(editor.doc.canvas.notes.map((note) => note.id));
  let n = 1;
  while (taken.has(`note ${n}`)) n += 1;
  const note: Note = { id: `note ${n}`, x: Math.round(at.x), y: Math.round(at.y), width: 200, height: 120, text: '', colour: 'yellow' };
  editor.editCanvas((canvas) => ({ ...canvas, notes: [...canvas.notes, note] }), null, { selected: [note.id] });
}

/** Opens the choice of a step behind a node, next to its card. */
export function openPalette(editor: Editor, id: string, card: Element | null): void {
  const way = waysFrom(editor.doc.definition, id).find((one) => one.to === null) ?? waysFrom(editor.doc.definition, id)[0];
  if (!way || editor.get().isReadOnly) return;
  const box = card?.getBoundingClientRect();
  editor.set({ palette: { way, x: box ? box.left + box.width / 2 : innerWidth / 2, y: box ? box.bottom : innerHeight / 3, width: 1, height: 1 } });
}

