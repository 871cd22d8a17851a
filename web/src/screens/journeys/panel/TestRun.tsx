/** What would happen to one person: nothing is written and nothing goes out. */
import { ActionIcon, Autocomplete, Button, Collapse, Group, JsonInput, NumberInput, Paper, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlayerPlay, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useEventWords } from '../../../parts/events';
import { ProfilePicker } from '../../../parts/pickers';
import { ofDefinition, useEditor, useEditorStore } from '../editor/store';
import { inUnit, type Unit, writeDuration } from '../model';
import { eventOptions, told, useEventNames } from './fields';
import { type Happening, Timeline } from './Timeline';

interface Scripted {
  after: string;
  kind: 'event' | 'opened' | 'clicked' | 'unsubscribed';
  event: string;
}

function happenings(timeline: Schema<'Timeline'>): Happening[] {
  return (timeline.lines as unknown as (Omit<Happening, 'params' | 'node' | 'code'> & { params?: Record<string, unknown> | null; node?: string | null; code?: string | null })[]).map((line) => ({
    ...line, node: line.node ?? null, code: line.code ?? null, params: line.params ?? {},
  }));
}

export function TestRun({ journeyId }: { journeyId: string }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const definition = useEditor(ofDefinition);
  const names = useEventNames();
  const events = useEventWords();
  const [who, setWho] = useState<'real' | 'made'>('real');
  const [profile, setProfile] = useState<string | null>(null);
  const [made, setMade] = useState({ name: 'Nguyễn An', email: 'an@example.com', phone: '' });
  const [start, setStart] = useState('');
  const [horizon, setHorizon] = useState('90d');
  const [script, setScript] = useState<Scripted[]>([]);
  const [properties, setProperties] = useState('');
  const [isOpen, setOpen] = useState(false);

  const run = useMutation({
    mutationFn: async () => {
      let given: unknown = {};
      try {
        given = properties.trim() ? JSON.parse(properties) : {};
      } catch {
        given = {};
      }
      const body = {
        definition: editor.doc.definition, horizon, properties: given,
        ...(start ? { start_at: start } : {}),
        ...(who === 'real' ? { profile_id: profile } : {
          profile: { ...(made.email ? { email: made.email } : {}), ...(made.phone ? { phone: made.phone } : {}), attributes: made.name ? { name: made.name } : {} },
        }),
        script: script.map((one) => (one.kind === 'event' ? { after: one.after, event: one.event } : { after: one.after, message: one.kind })),
      };
      const told = await call(api.POST('/api/v1/journeys/{id}/dry-run', { params: { path: { id: journeyId } }, body: body as never }));
      return { lines: happenings(told), definition: editor.doc.definition, cut: told.cut };
    },
  });
  const change = (index: number, part: Partial<Scripted>): void => setScript(script.map((one, i) => (i === index ? { ...one, ...part } : one)));
  return (
    <Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate();
        }}
      >
        <Stack>
          <SegmentedControl aria-label={t('test.who')} value={who} onChange={(value) => setWho(value as 'real' | 'made')} data={[{ value: 'real', label: t('test.real') }, { value: 'made', label: t('test.made') }]} />
          {who === 'real' ? (
            <ProfilePicker label={t('test.profile')} value={profile} onChange={setProfile} />
          ) : (
            <>
              <TextInput label={t('test.name')} value={made.name} onChange={(event) => setMade({ ...made, name: event.currentTarget.value })} />
              <TextInput label={t('test.email')} type="email" value={made.email} onChange={(event) => setMade({ ...made, email: event.currentTarget.value })} />
              <TextInput label={t('test.phone')} type="tel" value={made.phone} onChange={(event) => setMade({ ...made, phone: event.currentTarget.value })} />
            </>
          )}
          <Button variant="subtle" size="compact-sm" style={{ alignSelf: 'flex-start' }} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{t('test.more')}</Button>
          <Collapse expanded={isOpen}>
            <Stack>
              <TextInput type="datetime-local" label={t('test.start')} description={t('test.startText')} value={start} onChange={(event) => setStart(event.currentTarget.value)} />
              <Select label={t('test.horizon')} value={horizon} allowDeselect={false} data={['7d', '30d', '90d', '365d'].map((one) => ({ value: one, label: t('unit.days', { count: inUnit(one)?.count ?? 0 }) }))} onChange={(value) => value && setHorizon(value)} />
              <JsonInput label={t('test.properties')} description={t('test.propertiesText')} autosize minRows={2} value={properties} onChange={setProperties} validationError={t('condition.broken')} placeholder='{ "order_id": "DH-1", "total": 250000 }' />
              <Text size="sm" fw={500}>{t('test.script')}</Text>
              {script.map((one, i) => {
                const after = inUnit(one.after) ?? { count: 1, unit: 'h' as Unit };
                return (
                  <Paper key={i} withBorder radius="md" p="sm">
                    <Stack gap="xs">
                      <Group gap="xs" wrap="nowrap" align="flex-end">
                        <NumberInput label={t('test.after')} min={0} value={after.count} style={{ flex: 1 }} onChange={(count) => change(i, { after: writeDuration(Number(count) || 0, after.unit) })} />
                        <Select aria-label={t('field.unit')} w={100} value={after.unit} allowDeselect={false} data={(['m', 'h', 'd'] as const).map((unit) => ({ value: unit, label: t(`unitName.${unit}`) }))} onChange={(unit) => unit && change(i, { after: writeDuration(after.count, unit as Unit) })} />
                        <ActionIcon size={34} aria-label={t('test.removeScript', { number: i + 1 })} onClick={() => setScript(script.filter((_, at) => at !== i))}><IconTrash size={17} aria-hidden /></ActionIcon>
                      </Group>
                      <Select
                        label={t('test.happens')} value={one.kind} allowDeselect={false} data={(['event', 'opened', 'clicked', 'unsubscribed'] as const).map((kind) => ({ value: kind, label: t(`happens.${kind}`) }))}
                        onChange={(kind) => kind && change(i, { kind: kind as Scripted['kind'] })}
                      />
                      {one.kind === 'event' && <Autocomplete label={t('field.event')} description={told(events, one.event)} {...eventOptions(events)} data={names} limit={40} value={one.event} onChange={(event) => change(i, { event })} />}
                    </Stack>
                  </Paper>
                );
              })}
              <Button variant="light" size="sm" leftSection={<IconPlus size={16} aria-hidden />} style={{ alignSelf: 'flex-start' }} onClick={() => setScript([...script, { after: '1h', kind: 'event', event: 'Order Completed' }])}>{t('test.addScript')}</Button>
            </Stack>
          </Collapse>
          <Button type="submit" leftSection={<IconPlayerPlay size={17} aria-hidden />} loading={run.isPending} disabled={who === 'real' && !profile}>{t('test.run')}</Button>
        </Stack>
      </form>
      {run.isError && <ErrorNote error={run.error} />}
      {run.data && <Timeline lines={run.data.lines} definition={run.data.definition} start="first" />}
      {run.data && run.data.definition !== definition && <Text size="sm" c="dimmed">{t('test.stale')}</Text>}
    </Stack>
  );
}
