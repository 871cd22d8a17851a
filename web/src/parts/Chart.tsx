/** A chart: echarts, loaded when one is shown, in our colours, with words for screen readers. */
import { Skeleton, useComputedColorScheme } from '@mantine/core';
import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { useEffect, useRef, useState } from 'react';
import { chartColors } from '../theme/theme';

export interface ChartProps {
  option: EChartsCoreOption;
  /** What it shows, in a sentence. */
  label: string;
  height?: number;
}

export function Chart({ option, label, height = 260 }: ChartProps) {
  const scheme = useComputedColorScheme('light');
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    let isGone = false;
    let watch: ResizeObserver | null = null;
    void import('./charts').then(({ init }) => {
      if (isGone || !place.current) return;
      chart.current = init(place.current, null, { renderer: 'svg' });
      watch = new ResizeObserver(() => chart.current?.resize());
      watch.observe(place.current);
      setReady(true);
    });
    return () => {
      isGone = true;
      watch?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const read = (name: string) => style.getPropertyValue(name).trim();
    const line = { lineStyle: { color: read('--ql-line') } };
    const axis = { axisLabel: { color: read('--mantine-color-dimmed') }, axisLine: line, splitLine: line, axisTick: { show: false } };
    const ours: EChartsCoreOption = {
      color: chartColors[scheme],
      textStyle: { fontFamily: "'Be Vietnam Pro', system-ui, sans-serif", color: read('--mantine-color-text') },
      grid: { left: 8, right: 12, top: 28, bottom: 8, containLabel: true },
      tooltip: { trigger: 'axis', backgroundColor: read('--mantine-color-body'), borderColor: read('--ql-line'), textStyle: { color: read('--mantine-color-text') } },
      legend: { top: 0, left: 0, textStyle: { color: read('--mantine-color-text') }, icon: 'roundRect', itemWidth: 12, itemHeight: 8 },
      aria: { enabled: true },
      animationDuration: 250,
    };
    const dressed = (told: unknown) =>
      Array.isArray(told) ? told.map((one: object) => ({ ...axis, ...one })) : told ? { ...axis, ...(told as object) } : undefined;
    const merged = {
      ...ours, ...option,
      grid: { ...(ours.grid as object), ...((option.grid as object | undefined) ?? {}) },
      tooltip: { ...(ours.tooltip as object), ...((option.tooltip as object | undefined) ?? {}) },
      legend: option.legend === undefined ? undefined : { ...(ours.legend as object), ...(option.legend as object) },
      xAxis: dressed(option.xAxis), yAxis: dressed(option.yAxis),
    };
    if (isReady) chart.current?.setOption(merged, { notMerge: true });
  }, [option, scheme, isReady]);
  return (
    <div role="img" aria-label={label} style={{ position: 'relative', height }}>
      {!isReady && <Skeleton h={height} />}
      <div ref={place} style={{ position: 'absolute', inset: 0 }} aria-hidden="true" />
    </div>
  );
}
