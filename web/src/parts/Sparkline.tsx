/** A line without axes, for how something went. Says nothing to screen readers: the figure beside it does. */
export function Sparkline({ values, width = 84, height = 28 }: { values: number[]; width?: number; height?: number }) {
  const most = Math.max(...values);
  const least = Math.min(...values, 0);
  const span = most - least || 1;
  const x = (at: number) => (values.length < 2 ? 0 : (at / (values.length - 1)) * (width - 3) + 1.5);
  const y = (value: number) => height - 2 - ((value - least) / span) * (height - 4);
  const line = values.map((value, at) => `${at === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const area = `${line}L${x(values.length - 1).toFixed(1)} ${height}L${x(0).toFixed(1)} ${height}Z`;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false" style={{ flex: 'none' }}>
      <path d={area} fill="var(--ql-accent-text)" opacity="0.12" />
      <path d={line} fill="none" stroke="var(--ql-accent-text)" strokeWidth="1.8" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
