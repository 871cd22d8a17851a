/** When it was sent, opened and clicked. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Chart } from '../../parts/Chart';
import { useFormats } from '../../parts/format';

const HOUR = 3_600_000;
/** Beyond so many hours a point stands for a day. */
const HOURS_MAX = 96;

export default function OverTime({ hours }: { hours: [string, { accepted: number; opened: number; clicked: number }][] }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const option = useMemo(() => {
    const first = Date.parse(hours[0]?.[0] ?? '');
    const last = Date.parse(hours[hours.length - 1]?.[0] ?? '');
    const byHour = (last - first) / HOUR < HOURS_MAX;
    const points = new Map<string, { accepted: number; opened: number; clicked: number }>();
    const name = (at: number) => (byHour ? `${formats.time(at)} ${formats.date(at).slice(0, 5)}` : formats.date(at));
    for (let at = first; at <= last; at += HOUR) if (!points.has(name(at))) points.set(name(at), { accepted: 0, opened: 0, clicked: 0 });
    for (const [hour, sum] of hours) {
      const key = name(Date.parse(hour));
      const held = points.get(key) ?? { accepted: 0, opened: 0, clicked: 0 };
      points.set(key, { accepted: held.accepted + sum.accepted, opened: held.opened + sum.opened, clicked: held.clicked + sum.clicked });
    }
    const all = [...points];
    const series = (of: 'accepted' | 'opened' | 'clicked', more: object) => ({ name: t(`step.${of}`), data: all.map(([, sum]) => sum[of]), ...more });
    return {
      xAxis: { type: 'category', data: all.map(([key]) => key) },
      yAxis: { type: 'value', minInterval: 1, axisLabel: { formatter: (value: number) => formats.short(value) } },
      legend: {},
      series: [
        series('accepted', { type: 'bar', barMaxWidth: 28, itemStyle: { borderRadius: [4, 4, 0, 0] } }),
        series('opened', { type: 'line', smooth: 0.2, symbolSize: 5 }),
        series('clicked', { type: 'line', smooth: 0.2, symbolSize: 5 }),
      ],
    };
  }, [hours, formats, t]);
  return <Chart option={option} label={t('time.label')} height={280} />;
}
