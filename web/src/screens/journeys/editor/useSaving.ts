/** Keeps the draft on the server as it is written, and asks the server what is wrong with it. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, asProblem, call, queries, type Schema } from '../../../api';
import { type Definition, type Doc, isSameJourney, type Problem } from '../model';
import type { Editor } from './store';

export type Saving = 'saved' | 'dirty' | 'saving' | 'failed' | 'conflict';

const SAVE_AFTER_MS = 900;
const CHECK_AFTER_MS = 600;

/** Drafts on their way: a page that opens the same journey waits for them. */
export const pending = new Map<string, Promise<void>>();

interface Given {
  id: string;
  revision: number;
  /** The latest version: a draft that is the same is none. */
  latest: Definition;
}

export function useSaving(editor: Editor, { id, revision, latest }: Given) {
  const [saving, setSaving] = useState<Saving>('saved');
  const held = useRef({ revision, saved: editor.doc as Doc | null, latest, busy: null as Promise<void> | null });
  const timer = useRef<number | undefined>(undefined);

  const save = useCallback(async (): Promise<void> => {
    window.clearTimeout(timer.current);
    if (held.current.busy) await held.current.busy;
    const doc = editor.doc;
    if (doc === held.current.saved) return;
    const write = async (): Promise<void> => {
      setSaving('saving');
      const draft = isSameJourney(doc.definition, held.current.latest) ? null : doc.definition;
      const body = { revision: held.current.revision, canvas: doc.canvas, draft } as unknown as Schema<'PutCanvas'>;
      const stored = await call(api.PUT('/api/v1/journeys/{id}/canvas', { params: { path: { id } }, body }));
      held.current.revision = stored.revision;
      held.current.saved = doc;
      queries.setQueryData(['journeys', id, 'canvas'], stored);
      setSaving(editor.doc === doc ? 'saved' : 'dirty');
    };
    const busy = write();
    held.current.busy = busy;
    try {
      await busy;
    } catch (error) {
      setSaving(asProblem(error).code === 'canvas_changed' ? 'conflict' : 'failed');
      throw error;
    } finally {
      held.current.busy = null;
    }
  }, [editor, id]);

  useEffect(() => {
    let before = editor.doc;
    const stop = editor.subscribe(() => {
      if (editor.doc === before || editor.get().isReadOnly) return;
      before = editor.doc;
      setSaving((now) => (now === 'conflict' ? now : 'dirty'));
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => void save().catch(() => undefined), SAVE_AFTER_MS);
    });
    const leaving = (event: BeforeUnloadEvent): void => {
      if (editor.doc !== held.current.saved && !editor.get().isReadOnly) event.preventDefault();
    };
    window.addEventListener('beforeunload', leaving);
    return () => {
      stop();
      window.removeEventListener('beforeunload', leaving);
      if (editor.get().isReadOnly) return;
      const last = save().catch(() => undefined).finally(() => pending.delete(id));
      pending.set(id, last);
    };
  }, [editor, id, save]);

  /** Writes over what somebody else has written, from the revision that is there now. */
  const overwrite = useCallback(async (): Promise<void> => {
    const now = await call(api.GET('/api/v1/journeys/{id}/canvas', { params: { path: { id } } }));
    held.current.revision = now.revision;
    await save();
  }, [id, save]);

  /** After a version was made of the draft: there is none any more. */
  const published = useCallback(async (version: Definition): Promise<void> => {
    held.current.latest = version;
    held.current.saved = null;
    await save();
  }, [save]);

  return { saving, save, overwrite, published };
}

export function useChecking(editor: Editor, id: string): void {
  useEffect(() => {
    let timer: number | undefined;
    let asked: Definition | null = null;
    const ask = async (): Promise<void> => {
      const definition = editor.doc.definition;
      if (definition === asked) return;
      asked = definition;
      try {
        const told = await call(api.POST('/api/v1/journeys/check', { body: { id, definition: definition as never } }));
        if (editor.doc.definition === definition) editor.told(told.problems as Problem[]);
      } catch {
        // What is wrong in the document itself is told without the server.
      }
    };
    const later = (): void => {
      if (editor.doc.definition === asked) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void ask(), CHECK_AFTER_MS);
    };
    later();
    const stop = editor.subscribe(later);
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [editor, id]);
}
