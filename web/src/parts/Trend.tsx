/**
 * How one or two figures went from day to day: small enough for the first page, where echarts (`Chart`) is not. What
 * it shows is also a table, for screen readers.
 */
import { useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { type PointerEvent, useMemo, useState } from 'react';
import { chartColors } from '../theme/theme';
import classes from './Trend.module.css';

export interface TrendSeries {
  name: string;
  values: number[];
  kind: 'bar' | 'line';
}

export interface TrendProps {
  /** What it shows, in a sentence. */
  label: string;
  /** One for each value: how it is written below the axis. */
  points: string[];
  /** At most three; all are drawn on one scale. */
  series: TrendSeries[];
  format: (value: number) => string;
  /** How figures are written at the axis; `format` unless told. */
  formatShort?: (value: number) => string;
  height?: number;
}

const TOP = 12;
const BOTTOM = 24;

/** Round steps that reach `most`: 0, 2, 4, 6 for 5.3. */
export function ticks(most: number, wanted = 4): number[] {
  if (most <= 0) return [0, 1];
  const raw = most / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? raw;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, at) => at * step);
}

export function Trend({ label, points, series, format, formatShort = format, height = 240 }: TrendProps) {
  const scheme = useComputedColorScheme('light');
  const colors = chartColors[scheme];
  const { ref, width } = useElementSize();
  const [looked, setLooked] = useState<number | null>(null);
  const steps = useMemo(() => ticks(Math.max(0, ...series.flatMap((one) => one.values))), [series]);
  const most = steps[steps.length - 1] ?? 1;
  const left = Math.min(96, 12 + Math.max(...steps.map((step) => formatShort(step).length)) * 7);
  const room = Math.max(0, width - left - 8);
  const slot = points.length ? room / points.length : 0;
  const x = (at: number) => left + slot * (at + 0.5);
  const y = (value: number) => TOP + (height - TOP - BOTTOM) * (1 - value / most);
  const every = Math.max(1, Math.ceil(points.length / Math.max(1, Math.floor(room / 84))));
  const bars = series.filter((one) => one.kind === 'bar');
  const bar = Math.max(1, Math.min(28, (slot * 0.7) / Math.max(1, bars.length)));
  const look = (event: PointerEvent<SVGSVGElement>) => {
    const at = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - left) / (slot || 1));
    setLooked(at >= 0 && at < points.length ? at : null);
  };
  return (
    <figure className={classes.figure} aria-label={label}>
      {series.length > 1 && (
        <div className={classes.legend} aria-hidden="true">
          {series.map((one, at) => <span key={one.name}><i style={{ background: colors[at] }} />{one.name}</span>)}
        </div>
      )}
      <div ref={ref} className={classes.place} style={{ height }} aria-hidden="true">
        {width > 0 && (
          <svg width={width} height={height} onPointerMove={look} onPointerLeave={() => setLooked(null)}>
            {steps.map((step) => (
              <g key={step}>
                <line x1={left} x2={width - 8} y1={y(step)} y2={y(step)} className={classes.line} />
                <text x={left - 8} y={y(step) + 4} textAnchor="end" className={classes.word}>{formatShort(step)}</text>
              </g>
            ))}
            {points.map((point, at) => at % every === 0 && (
              <text key={at} x={x(at)} y={height - 6} textAnchor="middle" className={classes.word}>{point}</text>
            ))}
            {looked !== null && <rect x={left + slot * looked} y={TOP} width={slot} height={height - TOP - BOTTOM} className={classes.looked} />}
            {series.map((one, which) =>
              one.kind === 'bar'
                ? one.values.map((value, at) => (
                    <rect
                      key={at} x={x(at) - (bar * bars.length) / 2 + bar * bars.indexOf(one)} width={bar} y={y(value)} height={y(0) - y(value)} rx={Math.min(3, bar / 3)}
                      fill={colors[which]}
                    />
                  ))
                : (
                    <g key={one.name}>
                      <path d={one.values.map((value, at) => `${at ? 'L' : 'M'}${x(at)} ${y(value)}`).join('')} fill="none" stroke={colors[which]} strokeWidth="2.2" strokeLinejoin="round" strokeLinecap="round" />
                      {one.values.length < 32 && one.values.map((value, at) => <circle key={at} cx={x(at)} cy={y(value)} r="3" fill={colors[which]} />)}
                    </g>
                  ),
            )}
          </svg>
        )}
        {looked !== null && (
          <div className={classes.note} style={{ left: Math.min(Math.max(8, x(looked) - 70), Math.max(8, width - 180)) }}>
            <b>{points[looked]}</b>
            {series.map((one, at) => <span key={one.name}><i style={{ background: colors[at] }} />{one.name}: {format(one.values[looked] ?? 0)}</span>)}
          </div>
        )}
      </div>
      <VisuallyHidden>
        <table>
          <caption>{label}</caption>
          <tbody>
            {points.map((point, at) => (
              <tr key={at}>
                <th scope="row">{point}</th>
                {series.map((one) => <td key={one.name}>{one.name}: {format(one.values[at] ?? 0)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}
