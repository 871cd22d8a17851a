/** A way from one step to the next: its line, what it is called, and the button that puts a step into it. */
import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getSmoothStepPath, Position } from '@xyflow/react';
import { IconPlus } from '@tabler/icons-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useEditorStore } from '../editor/store';
import type { Way } from '../model';
import classes from './canvas.module.css';

export interface WayData extends Record<string, unknown> {
  way: Way;
  label: string;
  fromName: string;
  lane: number | null;
  isMany: boolean;
  canAdd: boolean;
  tone: 'lit' | 'added' | 'removed' | null;
  count: string | null;
}

const ROUND = 12;
const TURN = 26;
const STROKES = { lit: 'var(--ql-good)', added: 'var(--ql-good)', removed: 'var(--ql-bad)' } as const;

/** Down, across, down: with rounded corners. */
function across(fromX: number, fromY: number, toX: number, toY: number): string {
  if (Math.abs(toX - fromX) < 1) return `L ${toX} ${toY}`;
  const round = Math.min(ROUND, Math.abs(toX - fromX) / 2, Math.abs(toY - fromY) / 2);
  const side = Math.sign(toX - fromX);
  const middle = (fromY + toY) / 2;
  return [
    `L ${fromX} ${middle - round}`, `Q ${fromX} ${middle} ${fromX + side * round} ${middle}`, `L ${toX - side * round} ${middle}`,
    `Q ${toX} ${middle} ${toX} ${middle + round}`, `L ${toX} ${toY}`,
  ].join(' ');
}

function laned(x: number, y: number, lane: number, toX: number, toY: number): string {
  const below = y + TURN;
  const above = Math.max(below, toY - TURN);
  return `M ${x} ${y} ${across(x, y, lane, below)} L ${lane} ${above} ${across(lane, above, toX, toY)}`;
}

export const WayEdge = memo(function WayEdge(props: EdgeProps & { data?: WayData }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const { sourceX, sourceY, targetX, targetY, data } = props;
  if (!data) return null;
  const isFree = data.lane === null || targetY < sourceY + 40;
  const [free, freeX, freeY] = getSmoothStepPath({
    sourceX, sourceY, targetX, targetY, sourcePosition: Position.Bottom, targetPosition: Position.Top, borderRadius: ROUND,
  });
  const lane = data.lane ?? sourceX;
  const path = isFree ? free : laned(sourceX, sourceY, lane, targetX, targetY);
  const x = isFree ? freeX : lane;
  const labelY = isFree ? freeY - 26 : sourceY + TURN + 22;
  const plusY = isFree ? freeY + (data.label ? 8 : 0) : data.isMany ? sourceY + TURN + 54 : sourceY + Math.min(33, (targetY - sourceY) / 2);
  const stroke = data.tone ? STROKES[data.tone] : undefined;
  const { way } = data;
  return (
    <>
      <BaseEdge id={props.id} path={path} style={stroke ? { stroke, strokeWidth: 2.6, strokeDasharray: data.tone === 'removed' ? '5 4' : undefined } : undefined} />
      <EdgeLabelRenderer>
        {data.label !== '' && (
          <div className={classes.label} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${labelY}px)` }} title={data.label}>
            {data.label}{data.count === null ? '' : ` · ${data.count}`}
          </div>
        )}
        {data.canAdd && (
          <button
            type="button" className={`${classes.plus} nodrag nopan`} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${plusY}px)` }}
            aria-label={data.label ? t('add.onWay', { name: data.fromName, way: data.label }) : t('add.after', { name: data.fromName })}
            aria-haspopup="dialog" data-way={props.id}
            onClick={(event) => {
              const box = event.currentTarget.getBoundingClientRect();
              editor.set({ palette: { way, x: box.left, y: box.top, width: box.width, height: box.height } });
            }}
          >
            <IconPlus size={16} aria-hidden />
          </button>
        )}
      </EdgeLabelRenderer>
    </>
  );
});
