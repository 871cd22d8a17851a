import { Button, Checkbox, Group, Select, SimpleGrid, Stack, Switch, Tabs, Text, TextInput, Title } from '@mantine/core';
import { IconMoodEmpty, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../api';
import { Mark } from '../../app/Mark';
import { Chart } from '../../parts/Chart';
import { ConditionEditor, ConditionText } from '../../parts/ConditionEditor';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Money, Num, Percent, useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Stat } from '../../parts/Stat';
import { Trend } from '../../parts/Trend';
import { StatusBadge } from '../../parts/StatusBadge';
import type { Tone } from '../../theme/theme';

const TONES: Tone[] = ['good', 'wait', 'bad', 'odd', 'calm', 'accent'];
const WEEK = [12, 18, 9, 22, 31, 26, 38];
const NOON = '2026-03-08T05:00:00Z';
const CONDITION = { all: [{ tag: 'vip' }, { none: [{ orders: { window: { last: '60d' } } }] }] };

/** Every part once, in the words of whoever looks: a screen is made of these, and what is missing is added here. */
export default function LookPage() {
  const { t } = useTranslation('look');
  const formats = useFormats();
  const [condition, setCondition] = useState<unknown>(CONDITION);
  const rows = [
    { id: 'a', name: 'Nguyễn Thị Ánh Tuyết', spent: 12_450_000 },
    { id: 'b', name: 'Đặng Hoàng Phương Uyên', spent: 890_000 },
  ];
  const option = {
    xAxis: { type: 'category', data: WEEK.map((_, at) => formats.date(Date.UTC(2026, 2, 2 + at))) },
    yAxis: { type: 'value' },
    legend: {},
    series: [
      { name: t('chart.sent'), type: 'bar', data: WEEK },
      { name: t('chart.back'), type: 'line', data: WEEK.map((value) => Math.round(value * 0.4)) },
    ],
  };
  return (
    <Page
      title={t('title')} text={t('text')} badge={<StatusBadge tone="accent">{t('badge')}</StatusBadge>}
      actions={<><Button variant="default">{t('second')}</Button><Button leftSection={<IconPlus size={16} />}>{t('first')}</Button></>}
    >
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Stat label={t('stat.revenue')} value={<Money value={1_234_567_000} short />} change={0.124} trend={WEEK} help={t('stat.help')} />
        <Stat label={t('stat.people')} value={<Num value={12_345} />} change={-0.031} trend={[...WEEK].reverse()} />
        <Stat label={t('stat.rate')} value={<Percent value={0.2345} />} />
        <Stat label={t('stat.none')} value={0} unavailable={t('stat.why')} />
      </SimpleGrid>
      <Panel title={t('tones')} text={t('tonesText')}>
        <Group gap="xs">{TONES.map((tone) => <StatusBadge key={tone} tone={tone}>{t(`tone.${tone}`)}</StatusBadge>)}</Group>
      </Panel>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title={t('deeds')}>
          <Group>
            <Button>{t('first')}</Button>
            <Button variant="light">{t('second')}</Button>
            <Button variant="default">{t('third')}</Button>
            <Button variant="subtle" color="gray">{t('third')}</Button>
            <Button color="red" onClick={() => void confirm({ title: t('confirm.title'), text: t('confirm.text'), deed: t('confirm.deed'), isDangerous: true, typed: t('confirm.word') })}>{t('confirm.deed')}</Button>
            <Button variant="default" onClick={() => notify.undo(t('undone'), () => notify.done(t('done')))}>{t('undo')}</Button>
            <Button disabled>{t('first')}</Button>
            <Button loading>{t('first')}</Button>
          </Group>
        </Panel>
        <Panel title={t('forms')}>
          <Stack gap="sm">
            <TextInput label={t('form.name')} description={t('form.nameText')} placeholder="Cửa hàng Mộc Lan" />
            <TextInput label={t('form.address')} error={t('form.addressWrong')} defaultValue="an@" />
            <Select label={t('form.stage')} data={TONES.map((tone) => ({ value: tone, label: t(`tone.${tone}`) }))} defaultValue="good" />
            <Group><Checkbox label={t('form.agree')} defaultChecked /><Switch label={t('form.live')} defaultChecked /></Group>
          </Stack>
        </Panel>
      </SimpleGrid>
      <Panel title={t('chart.trend')}>
        <Trend
          label={t('chart.label')} points={WEEK.map((_, at) => formats.date(Date.UTC(2026, 2, 2 + at)))} format={(value) => formats.number(value)}
          series={[{ name: t('chart.sent'), kind: 'bar', values: WEEK }, { name: t('chart.back'), kind: 'line', values: WEEK.map((value) => value * 0.4) }]}
        />
      </Panel>
      <Panel title={t('chart.title')}><Chart option={option} label={t('chart.label')} /></Panel>
      <DataTable
        records={rows}
        columns={[
          { accessor: 'name', title: t('table.name') },
          { accessor: 'spent', title: t('table.spent'), textAlign: 'right', render: (row) => <Money value={row.spent} /> },
          { accessor: 'id', title: t('table.seen'), textAlign: 'right', render: () => <When at={NOON} /> },
        ]}
      />
      <Tabs defaultValue="a">
        <Tabs.List><Tabs.Tab value="a">{t('tone.good')}</Tabs.Tab><Tabs.Tab value="b">{t('tone.wait')}</Tabs.Tab></Tabs.List>
        <Tabs.Panel value="a" pt="md"><Text size="sm">{formats.dateTime(NOON)} · {formats.duration(3_725_000)} · {formats.bytes(48_300_000)}</Text></Tabs.Panel>
        <Tabs.Panel value="b" pt="md"><Text size="sm">{formats.money(199_000)}</Text></Tabs.Panel>
      </Tabs>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel><EmptyState Icon={IconMoodEmpty} title={t('empty.title')} text={t('empty.text')} action={<Button>{t('first')}</Button>} /></Panel>
        <Stack><ErrorNote error={new Problem(503, { code: 'busy', detail: t('error') })} retry={() => undefined} /><Panel><PageSkeleton /></Panel></Stack>
      </SimpleGrid>
      <Panel title={t('conditions')} text={t('conditionsText')}>
        <Stack>
          <ConditionEditor value={condition} onChange={setCondition} context="journey" />
          <ConditionText value={CONDITION} />
        </Stack>
      </Panel>
      <Panel title={t('type')}>
        <Group align="center"><Mark size={56} /><Title order={1}>Quay lại</Title><Title order={2}>Chăm sóc khách cũ</Title><Title order={3}>Ngọc Huyền, Ỷ Lan, Nguyễn Khuê</Title></Group>
      </Panel>
    </Page>
  );
}
