/** What was said beside what came, for ten groups of customers: a good forecast lies on the line. */
import { Table, VisuallyHidden } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Chart } from '../../parts/Chart';
import { useFormats } from '../../parts/format';
import type { Group } from './report';

export function Calibration({ groups, isShare, label }: { groups: Group[]; isShare?: boolean; label: string }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const option = useMemo(() => {
    const write = (value: number) => (isShare ? formats.percent(value, value < 0.1 ? 1 : 0) : formats.number(value, value < 1 ? 2 : 1));
    return {
      xAxis: { type: 'category', data: groups.map((_, at) => String(at + 1)), name: t('calibration.groups'), nameLocation: 'middle', nameGap: 26 },
      yAxis: { type: 'value', axisLabel: { formatter: write } },
      legend: {},
      grid: { bottom: 26 },
      tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? write(value) : '') },
      series: [
        { name: t('calibration.actual'), type: 'bar', barMaxWidth: 34, itemStyle: { borderRadius: [4, 4, 0, 0] }, data: groups.map((group) => group.actual) },
        { name: t('calibration.forecast'), type: 'line', symbolSize: 7, data: groups.map((group) => group.forecast) },
      ],
    };
  }, [groups, isShare, formats, t]);
  return (
    <>
      <Chart option={option} label={label} height={280} />
      <VisuallyHidden>
        <Table>
          <caption>{label}</caption>
          <thead><tr><th>{t('calibration.groups')}</th><th>{t('calibration.forecast')}</th><th>{t('calibration.actual')}</th></tr></thead>
          <tbody>{groups.map((group, at) => <tr key={at}><td>{at + 1}</td><td>{formats.number(group.forecast, 2)}</td><td>{formats.number(group.actual, 2)}</td></tr>)}</tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
