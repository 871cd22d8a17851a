/** What winning back would have cost and how early it would have come, and the waste that the shop accepts. */
import { Button, Group, Slider, Stack, Text } from '@mantine/core';
import { IconUserHeart } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { settingsQuery, useMay } from '../../app/session';
import { Chart } from '../../parts/Chart';
import { EmptyState } from '../../parts/EmptyState';
import { useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { type Forecasting, forecastOf } from './forecasting';
import { learn } from './use';
import { atWaste, fixedAt, type WinBack } from './report';

export function WinBackPanel({ winBack }: { winBack: WinBack | null }) {
  const { t } = useTranslation('predictions');
  const settings = useQuery(settingsQuery);
  if (!winBack || winBack.curve.length === 0) {
    return (
      <Panel title={t('winBack.title')} text={t('winBack.text')}>
        <EmptyState isSmall Icon={IconUserHeart} title={t('winBack.none')} text={t('winBack.noneText')} />
      </Panel>
    );
  }
  const held = forecastOf(settings.data);
  return (
    <Panel title={t('winBack.title')} text={t('winBack.text')}>
      {held && <Choice key={held.win_back_waste_percent} winBack={winBack} held={held} />}
    </Panel>
  );
}

function Choice({ winBack, held }: { winBack: WinBack; held: Forecasting }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const may = useMay('workspace.manage');
  const mayLearn = useMay('setup.change');
  const [percent, setPercent] = useState(held.win_back_waste_percent);
  const [isSaved, setSaved] = useState(false);
  const chosen = atWaste(winBack, percent / 100);
  const fixed = chosen ? fixedAt(winBack, chosen.waste) : null;
  const weeks = (value: number): string => t('winBack.weeks', { count: Math.round(value), n: formats.number(value, 1) });
  const save = useMutation({
    mutationFn: () => call(api.PATCH('/api/v1/settings', { body: { forecast: { ...held, win_back_waste_percent: percent } } as unknown as Record<string, never> })),
    onSuccess: async () => {
      setSaved(true);
      await refresh('settings');
    },
    onError: notify.failed,
  });
  const again = async () => {
    try {
      await learn(['purchases']);
      setSaved(false);
    } catch (error) {
      notify.failed(error);
    }
  };
  const option = useMemo(() => {
    const pairs = (of: WinBack['curve']) => of.map((point) => [point.delayWeeks, point.waste * 100]);
    const mark = (point: { delayWeeks: number; waste: number } | null) => (point ? [[point.delayWeeks, point.waste * 100]] : []);
    return {
      legend: {},
      grid: { bottom: 28, top: 40 },
      xAxis: { type: 'value', name: t('winBack.x'), nameLocation: 'middle', nameGap: 26, min: 0, axisLabel: { formatter: (value: number) => formats.number(value) } },
      yAxis: { type: 'value', min: 0, axisLabel: { formatter: (value: number) => `${formats.number(value)}%` } },
      tooltip: {
        trigger: 'item',
        formatter: (told: { seriesName?: string; value?: number[] }) => `${told.seriesName ?? ''}<br>${weeks(told.value?.[0] ?? 0)} · ${formats.percent((told.value?.[1] ?? 0) / 100)}`,
      },
      series: [
        { name: t('winBack.own'), type: 'line', symbolSize: 4, showSymbol: false, data: pairs(winBack.curve), lineStyle: { width: 3 } },
        { name: t('winBack.fixed'), type: 'line', symbolSize: 4, showSymbol: false, data: pairs(winBack.fixed), lineStyle: { type: 'dashed', width: 2 } },
        { name: t('winBack.chosen'), type: 'scatter', symbolSize: 15, data: mark(chosen), z: 5 },
      ],
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [winBack, chosen, formats, t]);
  const isKept = chosen !== null && chosen.waste <= percent / 100 + 1e-9;
  return (
    <Stack gap="md">
      <Chart option={option} label={t('winBack.label')} height={290} />
      <div>
        <Text size="sm" fw={500} id="accepted-waste">{t('winBack.accepted')}</Text>
        <Text size="sm" c="dimmed" mb="xs">{t('winBack.acceptedText', { n: formats.number(winBack.withinWeeks ?? 13) })}</Text>
        <Slider
          aria-label={t('winBack.accepted')} thumbProps={{ 'aria-labelledby': 'accepted-waste' }} min={1} max={70} step={1} value={percent} disabled={!may} label={(value) => `${value}%`} mb={26}
          marks={[10, 20, 30, 50].map((value) => ({ value, label: `${value}%` }))} onChange={(value) => { setPercent(value); setSaved(false); }}
        />
        <div aria-live="polite" data-win-back="outcome">
          {chosen ? (
            <Text size="sm">
              {t('winBack.outcome', { waste: formats.percent(chosen.waste, 0), delay: weeks(chosen.delayWeeks) })}
              {fixed && fixed.delayWeeks > chosen.delayWeeks + 0.05 && ` ${t('winBack.earlier', { rule: weeks(fixed.at), by: weeks(fixed.delayWeeks - chosen.delayWeeks) })}`}
              {!fixed && ` ${t('winBack.noFixed')}`}
            </Text>
          ) : null}
          {!isKept && <Note tone="wait" mt="xs" p="xs"><Text size="sm">{t('winBack.notKept')}</Text></Note>}
        </div>
      </div>
      {may ? (
        <Group gap="xs">
          <Button size="sm" disabled={percent === held.win_back_waste_percent} loading={save.isPending} onClick={() => save.mutate()}>{t('winBack.save', { n: percent })}</Button>
          {percent !== held.win_back_waste_percent && <Button size="sm" variant="subtle" color="gray" onClick={() => setPercent(held.win_back_waste_percent)}>{t('winBack.back', { n: held.win_back_waste_percent })}</Button>}
        </Group>
      ) : <Text size="sm" c="dimmed">{t('winBack.readOnly')}</Text>}
      {isSaved && (
        <Note tone="good" role="status">
          <Group justify="space-between" gap="sm"><Text size="sm">{t('winBack.saved')}</Text>{mayLearn && <Button size="compact-sm" variant="default" onClick={() => void again()}>{t('learn.now')}</Button>}</Group>
        </Note>
      )}
    </Stack>
  );
}
