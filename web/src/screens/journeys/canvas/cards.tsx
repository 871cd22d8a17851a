/** What stands on the canvas: the start, the steps, the ends and the notes. Each is drawn again only when it changed. */
import { Handle, NodeResizer, type NodeProps, Position } from '@xyflow/react';
import { VisuallyHidden } from '@mantine/core';
import { IconAlertCircleFilled, IconArrowBackUp, IconCheck, IconNote } from '@tabler/icons-react';
import { type CSSProperties, memo, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useEditor, useEditorStore, type NodeFigures } from '../editor/store';
import { channelIcons, kinds, triggers } from '../editor/kinds';
import { useWords } from '../editor/describe';
import type { NodeDoc, NodeState, Note, TriggerDoc } from '../model';
import classes from './canvas.module.css';

/** Where lines come in and go out; they are measured, not seen. */
function Ends({ isLast }: { isLast?: boolean }) {
  return (
    <>
        <Handle type="target" position={Position.Top} isConnectable={false} />
        {!isLast && <Handle type="source" position={Position.Bottom} isConnectable={false} />}
    </>
  );
}

export interface StepData extends Record<string, unknown> {
  id: string;
  node: NodeDoc;
  problems: number;
  figures: NodeFigures | null;
  hasFigures: boolean;
  litAt: string | null;
  isLit: boolean;
  isNow: boolean;
  diff: NodeState | null;
}

const tones = (tone: string): CSSProperties => ({ '--tone': `var(--ql-${tone})`, '--tone-tint': `var(--ql-${tone}-tint)` }) as CSSProperties;

function Figures({ data }: { data: StepData }) {
  const { t } = useTranslation('journeys');
  const { formats } = useWords();
  const figures = data.figures;
  if (!figures) return <div className={classes.stats}><span className={classes.stat}>{t('figures.none')}</span></div>;
  const lost = (figures.ended.exited ?? 0) + (figures.ended.failed ?? 0);
  const isSend = figures.sent !== null;
  return (
    <div className={classes.stats}>
      <span className={classes.stat}><b>{formats.short(figures.visits)}</b>{t('figures.visits')}</span>
      {isSend ? (
        <>
          <span className={classes.stat}><b>{formats.short(figures.sent ?? 0)}</b>{t('figures.sent')}</span>
          <span className={classes.stat} data-tone="good"><b>{figures.sent ? formats.percent(figures.opened / figures.sent, 0) : '–'}</b>{t('figures.opened')}</span>
        </>
      ) : (
        <>
          <span className={classes.stat}><b>{formats.short(figures.active)}</b>{t('figures.here')}</span>
          <span className={classes.stat}><b>{figures.share === null ? '–' : formats.percent(figures.share, 0)}</b>{t('figures.share')}</span>
        </>
      )}
      <span className={classes.stat} data-tone={lost > 0 ? 'bad' : undefined}><b>{formats.short(lost)}</b>{t('figures.lost')}</span>
    </div>
  );
}

export const StepCard = memo(function StepCard({ data, selected }: NodeProps & { data: StepData }) {
  const { t } = useTranslation('journeys');
  const words = useWords();
  const { formats } = words;
  const editor = useEditorStore();
  const { title, text } = words.node(data.node);
  const look = kinds[data.node.type];
  const Icon = (data.node.type === 'send' && channelIcons[String(data.node.channel)]) || look.Icon;
  return (
    <>
      <button
        type="button" className={classes.card} data-node={data.id} data-selected={selected} data-bad={data.problems > 0 || undefined}
        data-lit={data.isLit || undefined} data-now={data.isNow || undefined} data-diff={data.diff ?? undefined}
        onClick={(event) => {
          if (event.shiftKey || event.ctrlKey || event.metaKey) return;
          editor.select([data.id], editor.get().figures ? 'runs' : 'node');
        }}
        onFocus={() => {
          const { selected: now } = editor.get();
          if (now.length <= 1 && now[0] !== data.id) editor.select([data.id]);
        }}
      >
        <span className={classes.head}>
          <span className={classes.icon} style={tones(look.tone)}><Icon size={21} stroke={1.7} aria-hidden /></span>
          <span className={classes.words}>
            <span className={classes.title} style={{ display: 'block' }}>{title}</span>
            <span className={classes.text} data-empty={data.problems > 0 && text.endsWith('…') ? true : undefined}>{text}</span>
          </span>
          {data.isLit && <span className={classes.when}>{data.litAt ? formats.time(data.litAt) : <IconCheck size={18} aria-hidden />}<VisuallyHidden>{t('test.passed')}</VisuallyHidden></span>}
          {data.problems > 0 && <span className={classes.flag}><IconAlertCircleFilled size={20} aria-hidden /><VisuallyHidden>{t('problems.count', { count: data.problems })}</VisuallyHidden></span>}
        </span>
        {data.hasFigures && <Figures data={data} />}
      </button>
      <Ends />
    </>
  );
});

export interface TriggerData extends Record<string, unknown> {
  trigger: TriggerDoc;
  problems: number;
  entered: number | null;
}

export const TriggerCard = memo(function TriggerCard({ data, selected }: NodeProps & { data: TriggerData }) {
  const { t } = useTranslation('journeys');
  const words = useWords();
  const { formats } = words;
  const editor = useEditorStore();
  const { title, text } = words.trigger(data.trigger);
  const { Icon } = triggers[data.trigger.type];
  return (
    <>
      <button
        type="button" className={classes.card} data-trigger data-node="trigger" data-selected={selected} data-bad={data.problems > 0 || undefined}
        onClick={() => editor.select(['trigger'], 'trigger')}
      >
        <span className={classes.head}>
          <span className={classes.icon} style={tones('accent')}><Icon size={21} stroke={1.7} aria-hidden /></span>
          <span className={classes.words}>
            <span className={classes.title} style={{ display: 'block' }}>{t('startsWhen', { what: title })}</span>
            <span className={classes.text} data-empty={text.endsWith('…') ? true : undefined}>{text}</span>
          </span>
          {data.entered !== null && <span className={classes.when}>{formats.short(data.entered)}</span>}
          {data.problems > 0 && <span className={classes.flag}><IconAlertCircleFilled size={20} aria-hidden /><VisuallyHidden>{t('problems.count', { count: data.problems })}</VisuallyHidden></span>}
        </span>
      </button>
      <Ends />
    </>
  );
});

export interface EndData extends Record<string, unknown> {
  to: string | null;
  name: string;
}

export const EndCard = memo(function EndCard({ data }: NodeProps & { data: EndData }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  if (data.to === null) return <><div className={classes.end}>{t('end')}</div><Ends isLast /></>;
  const to = data.to;
  return (
    <>
      <button type="button" className={`${classes.end} ${classes.back}`} aria-label={t('backTo', { name: data.name })} onClick={() => editor.show(to)}>
        <IconArrowBackUp size={15} aria-hidden />{t('backShort')}
        </button>
        <Ends isLast />
    </>
  );
});

export interface NoteData extends Record<string, unknown> {
  note: Note;
}

export const NoteCard = memo(function NoteCard({ data, selected }: NodeProps & { data: NoteData }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const [isEditing, setEditing] = useState(data.note.text === '' && !isReadOnly);
  const area = useRef<HTMLTextAreaElement>(null);
  const { note } = data;
  useEffect(() => {
    if (isEditing) area.current?.focus({ preventScroll: true });
  }, [isEditing]);
  return (
    <div className={classes.note} data-colour={note.colour} data-selected={selected} onDoubleClick={() => setEditing(!isReadOnly)} role="note" aria-label={t('note.label')}>
      <NodeResizer
        isVisible={selected && !isReadOnly} minWidth={120} minHeight={60}
        onResizeEnd={(_, size) => editor.patchNote(note.id, { x: size.x, y: size.y, width: size.width, height: size.height })}
      />
      {isEditing ? (
        <textarea
          ref={area} aria-label={t('note.text')} className="nodrag nowheel" value={note.text} maxLength={2000} placeholder={t('note.placeholder')}
          onChange={(event) => editor.patchNote(note.id, { text: event.currentTarget.value }, 'text')}
          onBlur={() => setEditing(false)} onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === 'Escape') setEditing(false);
          }}
        />
      ) : note.text || <span style={{ opacity: .75 }}><IconNote size={14} aria-hidden /> {t('note.empty')}</span>}
    </div>
  );
});
