/** The editor of conditions, whole. Loaded through `parts/ConditionEditor`. */
import {
  type Announcements, DndContext, type DragEndEvent, DragOverlay, type DragStartEvent, KeyboardSensor, PointerSensor, TouchSensor, type CollisionDetection, type KeyboardCoordinateGetter,
  closestCenter, pointerWithin, useSensor, useSensors,
} from '@dnd-kit/core';
import { ActionIcon, Alert, Button, Group, SegmentedControl, Text, Textarea, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp, IconCopy } from '@tabler/icons-react';
import { type KeyboardEvent, useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { notify } from '../../../parts/notify';
import { CHOICES, GrammarError, choicesFor, edit, emptyTree, faults as faultsOf, find, firstOf, leafNode, parse, sayNode, write, type ConditionContext, type Tree } from '../grammar';
import type { Desk } from './desk';
import css from './editor.module.css';
import { AddPart, ChoiceIcon, GroupBox } from './GroupBox';
import { useWords } from './words';

export type Condition = Record<string, unknown>;

export interface ConditionEditorProps {
  /** The JSON of a condition (docs/segments.md); nothing: an empty one. */
  value: unknown;
  /** The JSON as it is now, `null` for an empty one. Only a whole one can be saved. */
  onChange: (value: Condition | null, state: { isWhole: boolean }) => void;
  /** What it may look at beside the customer: nothing, the event that starts a run, or all of a run. */
  context: ConditionContext;
  /** The segment that is edited, which cannot refer to itself. */
  self?: string;
  /** What the server refused, as a [Problem] has it in `fields`. */
  problems?: readonly { path?: string; field?: string; message: string }[];
  /** Says aloud what is missing: after somebody tried to save. */
  isStrict?: boolean;
  isReadOnly?: boolean;
  /** Without the switch to JSON. */
  isPlain?: boolean;
}

interface History {
  past: Tree[];
  now: Tree;
  future: Tree[];
  /** What the last change was on, and when. */
  mark: string;
  at: number;
}

type Deed = { kind: 'change'; how: (tree: Tree) => Tree; key: string | undefined; at: number } | { kind: 'undo' } | { kind: 'redo' } | { kind: 'reset'; tree: Tree };

const KEPT = 200;
const TOGETHER_MS = 1_200;

function history(state: History, deed: Deed): History {
  switch (deed.kind) {
    case 'change': {
      const now = deed.how(state.now);
      if (now === state.now) return state;
      const joins = deed.key !== undefined && deed.key === state.mark && deed.at - state.at < TOGETHER_MS;
      const past = joins ? state.past : [...state.past, state.now].slice(-KEPT);
      return { past, now, future: [], mark: deed.key ?? '', at: deed.at };
    }
    case 'undo': {
      const now = state.past[state.past.length - 1];
      return now ? { past: state.past.slice(0, -1), now, future: [state.now, ...state.future], mark: '', at: 0 } : state;
    }
    case 'redo': {
      const [now, ...future] = state.future;
      return now ? { past: [...state.past, state.now], now, future, mark: '', at: 0 } : state;
    }
    case 'reset': return { past: [], now: deed.tree, future: [], mark: '', at: 0 };
  }
}

function read(value: unknown): { tree: Tree; error: GrammarError | null } {
  if (value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)) return { tree: emptyTree(), error: null };
  try {
    return { tree: parse(value), error: null };
  } catch (error) {
    return { tree: emptyTree(), error: error instanceof GrammarError ? error : null };
  }
}

const asText = (value: unknown): string => JSON.stringify(value, null, 2);

/** A place under the pointer counts first; else the nearest, which is what the keyboard moves to. */
const collision: CollisionDetection = (told) => {
  const under = pointerWithin(told);
  return under.length > 0 ? under : closestCenter(told);
};

/**
 * Arrows go from place to place, in the order in which they are seen: from the place where the part is now. What is
 * carried cannot tell by its own size where that is: it is measured only some time after it was picked up.
 */
const places: KeyboardCoordinateGetter = (event, { context: { over, droppableRects, droppableContainers, collisionRect } }) => {
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.code];
  if (by === undefined || !collisionRect) return undefined;
  event.preventDefault();
  const seen = droppableContainers.getEnabled().flatMap(({ id }) => {
    const rect = droppableRects.get(id);
    return rect ? [{ id, rect }] : [];
  });
  seen.sort((a, b) => a.rect.top - b.rect.top || a.rect.left - b.rect.left);
  const at = seen.findIndex(({ id }) => id === over?.id);
  const ahead = at >= 0 ? seen[at + by] : by > 0 ? seen[0] : seen.at(-1);
  if (!ahead) return undefined;
  const { left, top, width, height } = ahead.rect;
  return { x: left + width / 2 - collisionRect.width / 2, y: top + height / 2 - collisionRect.height / 2 };
};

export default function Editor({ value, onChange, context, self, problems = [], isStrict = false, isReadOnly = false, isPlain = false }: ConditionEditorProps) {
  const { t } = useTranslation('conditions');
  const [first] = useState(() => read(value));
  const [state, act] = useReducer(history, { past: [], now: first.tree, future: [], mark: '', at: 0 });
  const [unread, setUnread] = useState<GrammarError | null>(first.error);
  const [mode, setMode] = useState<'sentences' | 'json'>(first.error ? 'json' : 'sentences');
  const [fresh, setFresh] = useState<string | null>(null);
  const [dragged, setDragged] = useState<string | null>(null);
  const tree = state.now;
  const json = useMemo(() => (tree.root.parts.length === 0 ? null : write(tree)), [tree]);
  const words = useWords(json);
  const faults = useMemo(() => faultsOf(tree, context), [tree, context]);

  // What was told outside last: what comes back the same is not read again.
  const known = useRef(JSON.stringify(value ?? null));
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => {
    const text = JSON.stringify(value ?? null);
    if (text === known.current) return;
    known.current = text;
    const found = read(value);
    setUnread(found.error);
    if (found.error) setMode('json');
    act({ kind: 'reset', tree: found.tree });
  }, [value]);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    const text = JSON.stringify(json);
    if (text === known.current && faults.length > 0) return;
    known.current = text;
    tell.current(json, { isWhole: json !== null && faults.length === 0 });
  }, [json, faults]);

  const change = useCallback((how: (tree: Tree) => Tree, key?: string) => act({ kind: 'change', how, key, at: performance.now() }), []);
  const step = useCallback((id: string, by: -1 | 1) => {
    act({ kind: 'change', how: (now) => edit.step(now, id, by), key: undefined, at: performance.now() });
    // The part goes elsewhere in the page: its grip keeps the focus.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-grip="${id}"]`)?.focus());
  }, []);
  const serverSaid = useMemo(
    () => problems.map((problem) => {
      const path = (problem.path ?? problem.field ?? '').replace(/^definition\.?/, '');
      return { node: find(tree, path)?.node.id ?? tree.root.id, message: problem.message };
    }),
    [problems, tree],
  );
  const desk: Desk = {
    words, context, self, isReadOnly, isStrict, faults, problems: serverSaid, fresh, setFresh, change, step, dragged,
    mayDrop: (group) => dragged !== null && edit.mayMove(tree, dragged, group),
  };

  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 180, tolerance: 6 } }),
    useSensor(KeyboardSensor, { coordinateGetter: places }),
  );
  const nameOf = (id: unknown): string => {
    const node = edit.nodeOf(tree, String(id));
    return node ? sayNode(node, words) : '';
  };
  const placeOf = (data: unknown): string => {
    const { group, at } = (data ?? {}) as { group?: string; at?: number };
    const found = group === undefined ? undefined : edit.nodeOf(tree, group);
    return found?.kind === 'group' ? t('ui.place', { at: (at ?? 0) + 1, group: found.id === tree.root.id ? t('ui.whole') : t(`join.${found.join}`) }) : '';
  };
  const announcements: Announcements = {
    onDragStart: ({ active }) => t('ui.picked_up', { part: nameOf(active.id) }),
    onDragOver: ({ over }) => (over ? t('ui.over', { place: placeOf(over.data.current) }) : undefined),
    onDragEnd: ({ over }) => (over ? t('ui.dropped', { place: placeOf(over.data.current) }) : t('ui.drag_cancelled')),
    onDragCancel: () => t('ui.drag_cancelled'),
  };
  const onDragEnd = ({ active, over }: DragEndEvent): void => {
    setDragged(null);
    const place = over?.data.current as { group: string; at: number } | undefined;
    if (place) change((now) => edit.move(now, String(active.id), place.group, place.at));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const isTyping = target.closest('input, textarea, [contenteditable]') !== null;
    if (isReadOnly || isTyping || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key !== 'z' && key !== 'y') return;
    event.preventDefault();
    act({ kind: key === 'y' || event.shiftKey ? 'redo' : 'undo' });
  };
  const draggedNode = dragged === null ? undefined : edit.nodeOf(tree, dragged);
  const isEmpty = tree.root.parts.length === 0;
  return (
    <div className={css.editor} onKeyDown={onKeyDown} data-condition-editor>
      {!(isPlain && isReadOnly) && (
        <div className={css.bar}>
          {!isReadOnly && mode === 'sentences' && (
            <>
              <Tooltip label={t('ui.undo')}><ActionIcon aria-label={t('ui.undo')} disabled={state.past.length === 0} onClick={() => act({ kind: 'undo' })}><IconArrowBackUp size={17} aria-hidden /></ActionIcon></Tooltip>
              <Tooltip label={t('ui.redo')}><ActionIcon aria-label={t('ui.redo')} disabled={state.future.length === 0} onClick={() => act({ kind: 'redo' })}><IconArrowForwardUp size={17} aria-hidden /></ActionIcon></Tooltip>
            </>
          )}
          {!isPlain && (
            <SegmentedControl
              size="xs" value={mode} aria-label={t('ui.mode')} onChange={(next) => setMode(next as typeof mode)}
              data={[{ value: 'sentences', label: t('ui.mode_sentences') }, { value: 'json', label: 'JSON' }]}
            />
          )}
        </div>
      )}
      {mode === 'json' ? (
        <JsonForm
          value={unread ? value : json} isReadOnly={isReadOnly} onRead={(next) => {
            setUnread(null);
            change(() => next);
          }}
        />
      ) : (
        <DndContext
          sensors={sensors} collisionDetection={collision} accessibility={{ announcements, screenReaderInstructions: { draggable: t('ui.drag_help') } }}
          onDragStart={({ active }: DragStartEvent) => setDragged(String(active.id))} onDragCancel={() => setDragged(null)} onDragEnd={onDragEnd}
        >
          {isEmpty && !isReadOnly && <Starters context={context} onPick={(key) => {
            const choice = CHOICES.find((one) => one.key === key);
            if (!choice) return;
            const made = leafNode(choice.make());
            setFresh(firstOf(made));
            change((now) => edit.insert(now, now.root.id, 0, made));
          }} />}
          {(!isEmpty || isReadOnly) && <GroupBox node={tree.root} desk={desk} isRoot depth={1} />}
          {isEmpty && !isReadOnly && <AddPart group={tree.root.id} desk={desk} isMain />}
          <DragOverlay dropAnimation={null}>
            {draggedNode && <div className={css.overlay}><Text size="sm" lineClamp={3}>{sayNode(draggedNode, words)}</Text></div>}
          </DragOverlay>
        </DndContext>
      )}
      <VisuallyHidden aria-live="polite">{faults.length > 0 && isStrict ? t('ui.faults', { count: faults.length, n: faults.length }) : ''}</VisuallyHidden>
    </div>
  );
}

const STARTERS = ['did', 'orders', 'spent', 'last_order', 'lifecycle', 'attribute'];

function Starters({ context, onPick }: { context: ConditionContext; onPick: (key: string) => void }) {
  const { t } = useTranslation('conditions');
  const keys = context === 'segment' ? STARTERS : ['event', ...STARTERS];
  const choices = choicesFor(context).filter((choice) => keys.includes(choice.key));
  return (
    <div className={css.start}>
      <Text size="sm" c="dimmed" mb={12} mih={32}>{t('ui.start')}</Text>
      <div className={css.starters}>
        {choices.map((choice) => (
          <button key={choice.key} type="button" className={css.starter} onClick={() => onPick(choice.key)} data-choice={choice.key}>
            <ChoiceIcon choice={choice.key} />
            <span>
              <Text span display="block" size="sm" fw={600}>{t(`choice.${choice.key}.name`)}</Text>
              <Text span display="block" size="xs" c="dimmed">{t(`choice.${choice.key}.text`)}</Text>
            </span>
          </button>
        ))}
      </div>
    </div>
  );
}

function JsonForm({ value, isReadOnly, onRead }: { value: unknown; isReadOnly: boolean; onRead: (tree: Tree) => void }) {
  const { t } = useTranslation('conditions');
  const outside = value === null || value === undefined ? '' : asText(value);
  const [text, setText] = useState(outside);
  const [error, setError] = useState<string | null>(null);
  const told = useRef(outside);
  useEffect(() => {
    if (outside === told.current) return;
    told.current = outside;
    setText(outside);
    setError(null);
  }, [outside]);
  const take = (next: string): void => {
    setText(next);
    if (next.trim() === '') {
      setError(null);
      told.current = '';
      onRead(emptyTree());
      return;
    }
    let document: unknown;
    try {
      document = JSON.parse(next);
    } catch {
      setError(t('json_error.syntax'));
      return;
    }
    try {
      const tree = parse(document);
      told.current = asText(write(tree));
      setError(null);
      onRead(tree);
    } catch (failed) {
      if (!(failed instanceof GrammarError)) throw failed;
      setError(t(`json_error.${failed.code}`, { path: failed.path || '–', detail: failed.detail }));
    }
  };
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(() => notify.done(t('ui.copied')), notify.failed);
  };
  return (
    <>
      <Textarea
        label={t('ui.json_label')} description={t('ui.json_help')} autosize minRows={8} maxRows={28} value={text} readOnly={isReadOnly} error={error} spellCheck={false}
        classNames={{ input: css.json }} onChange={(event) => take(event.currentTarget.value)}
      />
      <Group mt="xs">
        <Button size="compact-sm" variant="default" leftSection={<IconCopy size={14} aria-hidden />} onClick={copy}>{t('ui.copy_json')}</Button>
      </Group>
      {error && <Alert color="red" mt="xs" p="xs">{t('ui.json_kept')}</Alert>}
    </>
  );
}
