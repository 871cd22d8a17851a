/** A small picture of a journey that is only looked at. */
import { type CSSProperties, useMemo } from 'react';
import { kinds, triggers } from '../editor/kinds';
import { CARD, type Definition, type Diff, END, layout, TRIGGER } from '../model';

/** Only shapes, for cards, of which `isCropped` shows the first steps; with `name` the titles too. */
export function Mini({ definition, height, diff, label, name, isCropped }: { definition: Definition; height: number | string; diff?: Diff; label: string; isCropped?: boolean; name?: (id: string) => { title: string; text: string } }) {
  const made = useMemo(() => layout(definition), [definition]);
  const stroke = (id: string): string => {
    const state = diff?.nodes.get(id)?.state;
    return state === 'added' ? 'var(--ql-good)' : state === 'removed' ? 'var(--ql-bad)' : state === 'changed' ? 'var(--ql-wait)' : 'var(--ql-line)';
  };
  const fill = (id: string): string => {
    const state = diff?.nodes.get(id)?.state;
    return state === 'added' ? 'var(--ql-good-tint)' : state === 'removed' ? 'var(--ql-bad-tint)' : state === 'changed' ? 'var(--ql-wait-tint)' : 'var(--mantine-color-body)';
  };
  const bottom = (id: string): { x: number; y: number } | null => {
    const place = made.places.get(id);
    return place ? { x: place.x + CARD.width / 2, y: place.y + CARD.height } : null;
  };
  const start = made.places.get(TRIGGER);
  const middle = start ? start.x + CARD.width / 2 : made.width / 2;
  const box = isCropped && made.height > 470 ? `${middle - 480} -14 960 470` : `-20 -20 ${made.width + 40} ${made.height + 40}`;
  const style: CSSProperties = { display: 'block', width: '100%', height, ...(isCropped && made.height > 470 ? { maskImage: 'linear-gradient(#000 72%, transparent)' } : {}) };
  return (
    <svg viewBox={box} style={style} role="img" aria-label={label} preserveAspectRatio="xMidYMin meet">
      {made.lines.map((line) => {
        const from = bottom(line.way.from);
        const end = made.ends.get(line.id);
        const to = made.places.get(line.target);
        const at = end ? { x: end.x + END.width / 2, y: end.y } : to ? { x: to.x + CARD.width / 2, y: to.y } : null;
        if (!from || !at) return null;
        const d = `M ${from.x} ${from.y} V ${from.y + 26} H ${line.lane} V ${Math.max(from.y + 26, at.y - 26)} H ${at.x} V ${at.y}`;
        const color = diff?.linesAdded.has(line.id) ? 'var(--ql-good)' : 'light-dark(#c3b6a7, #5b5047)';
        return <path key={line.id} d={d} fill="none" stroke={color} strokeWidth={diff?.linesAdded.has(line.id) ? 4 : 2.5} strokeLinejoin="round" />;
      })}
      {[...made.ends].map(([id, end]) => <circle key={id} cx={end.x + END.width / 2} cy={end.y + 8} r={8} fill="light-dark(#c3b6a7, #5b5047)" />)}
      {[...made.places].map(([id, place]) => {
        const node = definition.nodes[id];
        const tone = id === TRIGGER ? 'accent' : node ? kinds[node.type].tone : 'calm';
        const Icon = id === TRIGGER ? triggers[definition.trigger.type].Icon : node ? kinds[node.type].Icon : null;
        const words = name?.(id);
        return (
          <g key={id} transform={`translate(${place.x} ${place.y})`}>
            <rect width={CARD.width} height={CARD.height} rx={id === TRIGGER ? 42 : 16} fill={fill(id)} stroke={stroke(id)} strokeWidth={diff ? 4 : 2.5} strokeDasharray={diff?.nodes.get(id)?.state === 'removed' ? '9 7' : undefined} />
            <rect x={18} y={20} width={44} height={44} rx={13} fill={`var(--ql-${tone}-tint)`} />
            {Icon && <Icon x={27} y={29} width={26} height={26} color={`var(--ql-${tone})`} stroke={1.9} aria-hidden />}
            {words ? (
              <foreignObject x={74} y={8} width={CARD.width - 84} height={CARD.height - 14}>
                <div style={{ height: '100%', display: 'flex', flexDirection: 'column', justifyContent: 'center', lineHeight: 1.25, color: 'var(--mantine-color-text)' }}>
                  <span style={{ fontSize: 12.5, color: 'var(--mantine-color-dimmed)' }}>{words.title}</span>
                  <span style={{ fontSize: 14, fontWeight: 600, overflow: 'hidden', display: '-webkit-box', WebkitLineClamp: 2, WebkitBoxOrient: 'vertical' }}>{words.text}</span>
                </div>
              </foreignObject>
            ) : (
              <>
                <rect x={78} y={29} width={110} height={10} rx={5} fill="var(--ql-line)" />
                <rect x={78} y={48} width={150} height={10} rx={5} fill="var(--ql-line)" />
              </>
            )}
          </g>
        );
      })}
    </svg>
  );
}
