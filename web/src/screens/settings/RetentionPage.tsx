import { ActionIcon, Autocomplete, Button, Group, NumberInput, SimpleGrid, Skeleton, Stack, Table, Text, Tooltip } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, useFormats } from '../../parts/format';
import { useEventWords } from '../../parts/events';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Note } from '../../parts/Note';
import { Frame } from './Frame';
import { SaveBar } from './SaveBar';
import { type Settings, useChange, useSettings } from './settings';

interface Values {
  events: { event: string; days: number | string }[];
  bodies: number | string;
  rejections: number | string;
  audit: number | string;
  visitors: number | string;
}

const COMMON = ['*', 'Product Viewed', 'Products Searched', 'Page Viewed', 'Cart Viewed'];

const valuesOf = (settings: Settings): Values => ({
  events: settings.retention.map((one) => ({ ...one })), bodies: settings.body_retention_days, rejections: settings.rejection_retention_days,
  audit: settings.audit_retention_days, visitors: settings.visitor_retention_days,
});

export default function RetentionPage() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const { settings, error, retry } = useSettings();
  const change = useChange();
  const may = useMay('workspace.manage');
  const events = useEventWords();
  const due = useQuery({ queryKey: ['settings', 'retention'], queryFn: () => call(api.GET('/api/v1/retention')) });
  const form = useForm<Values>({
    initialValues: { events: [], bodies: 60, rejections: 90, audit: 730, visitors: 0 },
    validate: {
      events: {
        event: (told, values) => (!told.trim() ? t('retention.wrong.event') : values.events.filter((one) => one.event.trim() === told.trim()).length > 1 ? t('retention.wrong.twice') : null),
        days: (told) => (Number(told) >= 1 ? null : t('retention.wrong.days')),
      },
      visitors: (told) => (Number(told) === 0 || Number(told) >= 7 ? null : t('retention.wrong.visitors')),
    },
  });
  const { setInitialValues, setValues, resetDirty } = form;
  const held = settings ? JSON.stringify(valuesOf(settings)) : '';
  useEffect(() => {
    if (!held) return;
    const values = JSON.parse(held) as Values;
    setInitialValues(values);
    setValues(values);
    resetDirty(values);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
  const save = form.onSubmit(async (told) => {
    if (!(await confirm({ title: t('retention.sure'), text: t('retention.sureText'), deed: t('retention.deed'), isDangerous: true }))) return;
    try {
      await change.mutateAsync({
        retention: told.events.map((one) => ({ event: one.event.trim(), days: Number(one.days) })), body_retention_days: Number(told.bodies),
        rejection_retention_days: Number(told.rejections), audit_retention_days: Number(told.audit), visitor_retention_days: Number(told.visitors),
      });
      form.resetDirty(told);
      notify.done(t('saved'));
    } catch (failed) {
      notify.failed(failed);
    }
  });
  const goes = due.data;
  const rows = goes
    ? [
        ...goes.events.map((one) => ({ what: one.event === '*' ? t('retention.all') : events.name(one.event), count: one.count, before: one.before })),
        { what: t('retention.bodies'), count: goes.bodies.count, before: goes.bodies.before },
        { what: t('retention.rejections'), count: goes.rejections.count, before: goes.rejections.before },
        { what: t('retention.audit'), count: goes.audit.count, before: goes.audit.before },
        ...(goes.visitors.before ? [{ what: t('retention.visitors'), count: goes.visitors.count, before: goes.visitors.before }] : []),
      ]
    : [];
  return (
    <Frame at="retention" text={t('retention.text')}>
      {error ? <ErrorNote error={error} retry={retry} /> : !settings ? <PageSkeleton /> : (
        <Stack gap="lg">
          <form onSubmit={save}>
            <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
              <Stack gap="lg">
                {!may && <Note tone="calm">{t('readOnly')}</Note>}
                <Panel
                  title={t('retention.events')} text={t('retention.eventsText')}
                  actions={may && <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => form.insertListItem('events', { event: '', days: 400 })}>{t('retention.add')}</Button>}
                >
                  {form.values.events.length === 0 ? <Text size="sm" c="dimmed">{t('retention.forEver')}</Text> : (
                    <Stack gap="sm">
                      {form.values.events.map((_, at) => (
                        <Group key={at} gap="xs" align="flex-start">
                          <Autocomplete style={{ flex: '1 1 200px' }} aria-label={t('retention.event')} data={COMMON} placeholder="Product Viewed" {...form.getInputProps(`events.${at}.event`)} />
                          <NumberInput w={140} min={1} max={36_500} suffix={t('retention.days')} aria-label={t('retention.daysLabel')} {...form.getInputProps(`events.${at}.days`)} />
                          {may && <Tooltip label={t('retention.remove')}><ActionIcon mt={3} aria-label={t('retention.remove')} onClick={() => form.removeListItem('events', at)}><IconTrash size={17} /></ActionIcon></Tooltip>}
                        </Group>
                      ))}
                    </Stack>
                  )}
                </Panel>
                <Panel title={t('retention.rest')}>
                  <SimpleGrid cols={{ base: 1, sm: 2 }}>
                    <NumberInput label={t('retention.bodies')} description={t('retention.bodiesText')} min={0} max={3_650} suffix={t('retention.days')} {...form.getInputProps('bodies')} />
                    <NumberInput label={t('retention.visitors')} description={t('retention.visitorsText')} min={0} max={36_500} suffix={t('retention.days')} {...form.getInputProps('visitors')} />
                    <NumberInput label={t('retention.rejections')} description={t('retention.rejectionsText')} min={1} max={3_650} suffix={t('retention.days')} {...form.getInputProps('rejections')} />
                    <NumberInput label={t('retention.audit')} description={t('retention.auditText')} min={30} max={36_500} suffix={t('retention.days')} {...form.getInputProps('audit')} />
                  </SimpleGrid>
                </Panel>
                <SaveBar isDirty={may && form.isDirty()} isSaving={change.isPending} drop={() => form.reset()} />
              </Stack>
            </fieldset>
          </form>
          <Panel title={t('retention.due')} text={t('retention.dueText')}>
            {due.error ? <ErrorNote error={due.error} retry={() => void due.refetch()} /> : !goes ? <Skeleton h={140} /> : (
              <Table>
                <Table.Thead><Table.Tr><Table.Th>{t('retention.what')}</Table.Th><Table.Th ta="right">{t('retention.count')}</Table.Th><Table.Th ta="right">{t('retention.before')}</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>
                  {rows.map((row) => (
                    <Table.Tr key={row.what}><Table.Td>{row.what}</Table.Td><Table.Td ta="right"><Num value={row.count} /></Table.Td><Table.Td ta="right">{formats.date(row.before)}</Table.Td></Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
          </Panel>
        </Stack>
      )}
    </Frame>
  );
}
