/** The picture of a journey, to look at and to edit. */
import '@xyflow/react/dist/style.css';
import { ActionIcon, Tooltip } from '@mantine/core';
import {
  Background, type Edge, MiniMap, type Node, type NodeChange, Panel, Position, ReactFlow, ReactFlowProvider, useReactFlow, useStore,
} from '@xyflow/react';
import { IconArrowsMaximize, IconMinus, IconNote, IconPlus } from '@tabler/icons-react';
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addNote, clipText, copySelected, duplicate, openPalette, pasteClip, readClip, removeSelected } from '../editor/commands';
import { useWords } from '../editor/describe';
import { useEditor, useEditorStore } from '../editor/store';
import { allWays, CARD, connect, END, layout, type Place, placeOf, STATS_HEIGHT, TRIGGER, waysFrom } from '../model';
import { EndCard, NoteCard, StepCard, TriggerCard } from './cards';
import classes from './canvas.module.css';
import { type WayData, WayEdge } from './WayEdge';

const nodeTypes = { step: StepCard, trigger: TriggerCard, end: EndCard, note: NoteCard };
const edgeTypes = { way: WayEdge };
const MINIMAP_FROM = 15;
const ONLY_VISIBLE_FROM = 60;

type Dict = Record<string, unknown>;

function isSame(a: Dict | undefined, b: Dict): boolean {
  if (!a) return false;
  const keys = Object.keys(b);
  return keys.length === Object.keys(a).length && keys.every((key) => a[key] === b[key] || (key === 'way' && isSame(a[key] as Dict, b[key] as Dict)));
}

/** The object of before where nothing about it changed: what is the same object is not drawn again. */
function useKept<T extends { id: string; data?: Dict }>(): (made: T[]) => T[] {
  const kept = useRef(new Map<string, T>());
  const list = useRef<T[]>([]);
  return useCallback((made: T[]) => {
    const next = new Map<string, T>();
    for (const one of made) {
      const before = kept.current.get(one.id);
      const data = before && isSame(before.data, one.data ?? {}) ? before.data : one.data;
      const given = { ...one, data } as T;
      const flat = (told: T): Dict => {
        const { position, measured, handles, ...more } = told as unknown as Dict;
        void measured;
        void handles;
        return { ...more, ...(position as Dict | undefined) };
      };
      next.set(one.id, before && isSame(flat(before), flat(given)) ? before : given);
    }
    kept.current = next;
    const made2 = [...next.values()];
    if (made2.length === list.current.length && made2.every((one, i) => one === list.current[i])) return list.current;
    list.current = made2;
    return made2;
  }, []);
}

function box(width: number, height: number): Pick<Node, 'width' | 'height' | 'measured' | 'handles'> {
  const handle = { width: 1, height: 1 };
  return {
    width, height, measured: { width, height },
    handles: [
      { ...handle, type: 'target', position: Position.Top, x: width / 2, y: 0 },
      { ...handle, type: 'source', position: Position.Bottom, x: width / 2, y: height - 1 },
    ],
  };
}

function Tools() {
  const { t } = useTranslation('journeys');
  const flow = useReactFlow();
  const editor = useEditorStore();
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const zoom = useStore((state) => state.transform[2]);
  const { formats } = useWords();
  const note = (): void => {
    const area = document.querySelector('.react-flow')?.getBoundingClientRect();
    if (area) addNote(editor, flow.screenToFlowPosition({ x: area.left + 80, y: area.top + 120 }));
  };
  const tool = (label: string, act: () => void, Icon: typeof IconPlus) => (
    <Tooltip label={label}><ActionIcon size={32} aria-label={label} onClick={act}><Icon size={18} stroke={1.8} aria-hidden /></ActionIcon></Tooltip>
  );
  return (
    <Panel position="bottom-left">
      <div className={classes.tools} role="toolbar" aria-label={t('tools.label')}>
        {tool(t('tools.out'), () => void flow.zoomOut(), IconMinus)}
        <Tooltip label={t('tools.whole')}>
          <ActionIcon size={32} w={54} fz={13} aria-label={t('tools.hundred', { zoom: formats.percent(zoom, 0) })} onClick={() => void flow.zoomTo(1)}>{formats.percent(zoom, 0)}</ActionIcon>
        </Tooltip>
        {tool(t('tools.in'), () => void flow.zoomIn(), IconPlus)}
        {tool(t('tools.fit'), () => void flow.fitView({ padding: 0.12, maxZoom: 1 }), IconArrowsMaximize)}
        {!isReadOnly && tool(t('tools.note'), note, IconNote)}
      </div>
    </Panel>
  );
}

function Flow() {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const words = useWords();
  const { formats } = words;
  const flow = useReactFlow();
  const definition = useEditor((state) => state.history.present.definition);
  const canvas = useEditor((state) => state.history.present.canvas);
  const problems = useEditor((state) => state.problems);
  const selected = useEditor((state) => state.selected);
  const figures = useEditor((state) => state.figures);
  const path = useEditor((state) => state.path);
  const diff = useEditor((state) => state.diff);
  const shown = useEditor((state) => state.shown);
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const [drag, setDrag] = useState<Record<string, Place> | null>(null);
  const keepNodes = useKept<Node>();
  const keepEdges = useKept<Edge>();
  const hasFigures = figures !== null;

  const arranged = useMemo(() => layout(definition, hasFigures), [definition, hasFigures]);
  const wrong = useMemo(() => {
    const counts = new Map<string, number>();
    for (const problem of problems) {
      const place = placeOf(problem.path);
      const id = place.kind === 'node' ? place.id : place.kind === 'trigger' ? TRIGGER : null;
      if (id) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }, [problems]);

  const placeFor = useCallback(
    (id: string, auto: Place): Place => drag?.[id] ?? (canvas.free ? canvas.places[id] : undefined) ?? auto,
    [canvas, drag],
  );

  const nodes = useMemo(() => {
    const made: Node[] = [];
    const chosen = new Set(selected);
    for (const [id, place] of arranged.places) {
      const isTrigger = id === TRIGGER;
      const height = CARD.height + (hasFigures && !isTrigger ? STATS_HEIGHT : 0);
      const common = { id, position: placeFor(id, place), ...box(CARD.width, height), selected: chosen.has(id), draggable: canvas.free && !isReadOnly, focusable: false };
      if (isTrigger) {
        made.push({ ...common, type: 'trigger', data: { trigger: definition.trigger, problems: wrong.get(TRIGGER) ?? 0, entered: figures?.get(TRIGGER)?.visits ?? null } });
        continue;
      }
      const node = definition.nodes[id];
      if (!node) continue;
      made.push({
        ...common, type: 'step',
        data: {
          id, node, problems: wrong.get(id) ?? 0, figures: figures?.get(id) ?? null, hasFigures, litAt: path?.nodes.get(id) ?? null, isLit: path?.nodes.has(id) ?? false,
          isNow: path?.now === id, diff: diff ? (diff.nodes.get(id)?.state ?? null) : null,
        },
      });
    }
    for (const [id, end] of arranged.ends) {
      const from = id.split('|')[0] as string;
      const source = canvas.free ? canvas.places[from] ?? drag?.[from] : undefined;
      const auto = arranged.places.get(from);
      const moved = placeFor(from, auto ?? end);
      const position = source && auto ? { x: end.x + moved.x - auto.x, y: end.y + moved.y - auto.y } : drag?.[from] && auto ? { x: end.x + moved.x - auto.x, y: end.y + moved.y - auto.y } : { x: end.x, y: end.y };
      made.push({
        id: `end|${id}`, type: 'end', position, ...box(END.width, END.height), selectable: false, draggable: false, focusable: false,
        data: { to: end.to, name: end.to ? words.name(definition, end.to) : '' },
      });
    }
    for (const note of canvas.notes) {
      const position = drag?.[note.id] ?? { x: note.x, y: note.y };
      made.push({
        id: note.id, type: 'note', position, width: note.width, height: note.height, measured: { width: note.width, height: note.height }, zIndex: -1,
        selected: chosen.has(note.id), draggable: !isReadOnly, focusable: false, data: { note },
      });
    }
    return keepNodes(made);
  }, [arranged, canvas, definition, diff, drag, figures, hasFigures, isReadOnly, keepNodes, path, placeFor, selected, words, wrong]);

  const edges = useMemo(() => {
    const made: Edge[] = arranged.lines.map((line) => {
      const { way } = line;
      const tone = path?.lines.has(line.id) ? 'lit' : diff?.linesAdded.has(line.id) ? 'added' : null;
      const into = line.isMany && way.to !== null ? figures?.get(way.to)?.visits : undefined;
      const data: WayData = {
        way, label: words.way(definition, way), fromName: words.name(definition, way.from), lane: canvas.free ? null : line.lane, isMany: line.isMany, canAdd: !isReadOnly, tone,
        count: into === undefined ? null : formats.short(into),
      };
      return {
        id: line.id, source: way.from, target: line.target, type: 'way', data, focusable: false, selectable: false, reconnectable: !isReadOnly && way.to !== null && !line.isBack ? 'target' : false,
      };
    });
    return keepEdges(made);
  }, [arranged, canvas.free, definition, diff, figures, formats, isReadOnly, keepEdges, path, words]);

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    const picked = new Map<string, boolean>();
    const moved: Record<string, Place> = {};
    let isOver = false;
    for (const change of changes) {
      if (change.type === 'select') picked.set(change.id, change.selected);
      if (change.type === 'position' && change.position) {
        moved[change.id] = change.position;
        if (change.dragging === false) isOver = true;
      }
    }
    if (picked.size > 0) {
      const now = new Set(editor.get().selected);
      for (const [id, isPicked] of picked) {
        if (isPicked) now.add(id);
        else now.delete(id);
      }
      editor.select([...now]);
    }
    if (Object.keys(moved).length > 0 && !isOver) setDrag((before) => ({ ...before, ...moved }));
  }, [editor]);

  const onNodeDragStop = useCallback((_: unknown, __: Node, all: Node[]) => {
    setDrag(null);
    editor.editCanvas((now) => {
      const places = { ...now.places };
      const notes = now.notes.map((note) => {
        const found = all.find((node) => node.id === note.id);
        return found ? { ...note, x: Math.round(found.position.x), y: Math.round(found.position.y) } : note;
      });
      for (const node of all) if (node.type !== 'note') places[node.id] = { x: Math.round(node.position.x), y: Math.round(node.position.y) };
      return { ...now, places, notes };
    });
  }, [editor]);

  useEffect(() => {
    if (!shown) return;
    const height = CARD.height / 2;
    const place = editor.doc.canvas.free ? editor.doc.canvas.places[shown.id] : undefined;
    const at = place ?? layout(editor.doc.definition, editor.get().figures !== null).places.get(shown.id);
    if (!at) return;
    const zoom = Math.max(flow.getZoom(), 0.7);
    void flow.setCenter(at.x + CARD.width / 2, at.y + height, { zoom, duration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 220 });
  }, [shown, editor, flow]);

  useEffect(() => {
    const isTyping = (target: EventTarget | null): boolean =>
      target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role=dialog]') !== null);
    const onCopy = (event: ClipboardEvent): void => {
      if (isTyping(event.target) || String(getSelection()) !== '') return;
      const clip = copySelected(editor);
      if (!clip) return;
      event.clipboardData?.setData('text/plain', clipText(clip));
      event.preventDefault();
      if (event.type === 'cut') removeSelected(editor);
    };
    const onPaste = (event: ClipboardEvent): void => {
      if (isTyping(event.target)) return;
      pasteClip(editor, readClip(event.clipboardData?.getData('text/plain') ?? '') ?? editor.get().clip);
    };
    document.addEventListener('copy', onCopy);
    document.addEventListener('cut', onCopy);
    document.addEventListener('paste', onPaste);
    return () => {
      document.removeEventListener('copy', onCopy);
      document.removeEventListener('cut', onCopy);
      document.removeEventListener('paste', onPaste);
    };
  }, [editor]);

  const go = (id: string | null | undefined): void => {
    if (!id) return;
    editor.show(id);
    editor.select([id]);
    setTimeout(() => document.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }), 0);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const target = event.target as HTMLElement;
    if (target.closest('input, textarea')) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const card = target.closest('[data-node]');
    const id = card?.getAttribute('data-node') ?? editor.get().selected[0];
    if (isCommand && key === 'd') {
      event.preventDefault();
      duplicate(editor);
    } else if (isCommand && key === 'a') {
      event.preventDefault();
      editor.select(Object.keys(editor.doc.definition.nodes));
    } else if (isCommand) {
      return;
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      removeSelected(editor);
    } else if (event.key === 'Escape') {
      editor.select([], null);
    } else if ((key === 'a' || key === '+' || key === 'insert') && id) {
      event.preventDefault();
      openPalette(editor, id, card ?? document.querySelector(`[data-node="${CSS.escape(id)}"]`));
    } else if (event.key.startsWith('Arrow') && id && card) {
      event.preventDefault();
      const { definition: now } = editor.doc;
      const into = allWays(now).filter((way) => way.to === id);
      if (event.key === 'ArrowDown') go(waysFrom(now, id).find((way) => way.to !== null)?.to);
      else if (event.key === 'ArrowUp') go(into[0]?.from);
      else if (into[0]) {
        const beside = waysFrom(now, into[0].from).filter((way) => way.to !== null);
        const here = beside.findIndex((way) => way.to === id);
        go(beside[here + (event.key === 'ArrowRight' ? 1 : -1)]?.to);
      }
    }
  };

  const count = Object.keys(definition.nodes).length;
  const area = useRef<HTMLDivElement>(null);
  /** Whole where that can be read; else from the start on. */
  const open = useCallback(() => {
    const room = area.current?.getBoundingClientRect();
    const start = arranged.places.get(TRIGGER);
    if (!room || !start) return;
    const zoom = Math.min(1, room.width / (arranged.width + 80), room.height / (arranged.height + 120));
    if (zoom >= 0.62 || canvas.free) void flow.fitView({ padding: 0.1, maxZoom: 1, minZoom: 0.3 });
    else void flow.setViewport({ zoom: 0.85, x: room.width / 2 - (start.x + CARD.width / 2) * 0.85, y: 36 });
  }, [arranged, canvas.free, flow]);
  return (
    <div className={classes.canvas} ref={area} onKeyDown={onKeyDown} role="region" aria-label={t('canvas')} data-count={count}>
      <ReactFlow
        nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} onNodesChange={onNodesChange} onNodeDragStop={onNodeDragStop}
        onReconnect={(edge, to) => {
          const way = (edge.data as WayData).way;
          if (to.target in editor.doc.definition.nodes && to.target !== way.from) editor.edit((now) => connect(now, way, to.target));
        }}
        onPaneClick={() => editor.select([], editor.get().side === 'node' || editor.get().side === 'trigger' ? null : undefined)}
        nodesConnectable={!isReadOnly} nodesFocusable={false} edgesFocusable={false} disableKeyboardA11y deleteKeyCode={null} multiSelectionKeyCode={['Control', 'Meta']}
        elevateNodesOnSelect={false} minZoom={0.15} maxZoom={1.6} onInit={open}
        onlyRenderVisibleElements={count >= ONLY_VISIBLE_FROM} nodeDragThreshold={4} panOnScroll zoomOnDoubleClick={false} proOptions={{ hideAttribution: false }}
        ariaLabelConfig={{ 'minimap.ariaLabel': t('tools.minimap') }}
      >
        <Background gap={22} size={1.4} color="light-dark(#ddd2c4, #37302a)" />
        <Tools />
        {count >= MINIMAP_FROM && (
          <MiniMap
            pannable zoomable style={{ width: 150, height: 110 }} bgColor="var(--mantine-color-body)" maskColor="color-mix(in srgb, var(--ql-paper) 70%, transparent)"
            nodeColor={(node) => (node.type === 'end' ? 'transparent' : node.selected ? 'var(--mantine-primary-color-filled)' : 'light-dark(#cdbfaf, #6b5e53)')}
          />
        )}
      </ReactFlow>
    </div>
  );
}

export function Canvas() {
  return (
    <ReactFlowProvider>
      <Flow />
    </ReactFlowProvider>
  );
}
