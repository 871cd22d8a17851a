/** What starts a journey. */
import { MultiSelect, NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { CartTiming } from '../../predictions/CartTiming';
import { journeysQuery, segmentsQuery, templatesQuery } from '../editor/directory';
import { FEASTS, WEEKDAYS } from '../editor/kinds';
import { ofDefinition, useEditor, useEditorStore } from '../editor/store';
import { CHANNELS, TRIGGER_KINDS, type TriggerDoc, type TriggerKind } from '../model';
import { AttributeField, ClockField, EventField, LineField, OffsetField, useProblem, WhereField } from './fields';

type Dict = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const many = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

export function newTrigger(kind: TriggerKind): TriggerDoc {
  switch (kind) {
    case 'event': return { type: kind, event: '' };
    case 'segment': return { type: kind, segment: '', on: 'entered' };
    case 'form': return { type: kind, form: '' };
    case 'message': return { type: kind, did: 'clicked' };
    case 'date': return { type: kind, attribute: '', at: '09:00' };
    case 'anniversary': return { type: kind, attribute: 'birthday', every: 'year', at: '09:00' };
    case 'feast': return { type: kind, feast: 'tet', offset: '-7d', at: '09:00' };
    case 'schedule': return { type: kind, every: 'week', on: 'mon', at: '09:00' };
    case 'threshold': return { type: kind, attribute: 'orders.revenue', crosses: 1_000_000 };
    case 'score': return { type: kind, grade: 'A' };
    case 'journey': return { type: kind, journey: '' };
    case 'api': return { type: kind };
  }
}

function Choice({ path, label, value, data, onChange, clearable }: { path: string; label: string; value: unknown; data: { value: string; label: string }[]; onChange: (value: string | null) => void; clearable?: boolean }) {
  const told = text(value);
  const all = told && !data.some((one) => one.value === told) ? [...data, { value: told, label: told }] : data;
  return <Select label={label} searchable clearable={clearable} allowDeselect={clearable ?? false} value={told || null} data={all} error={useProblem(path)} onChange={onChange} />;
}

export function TriggerForm() {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const trigger = useEditor(ofDefinition).trigger;
  const segments = useQuery(segmentsQuery).data?.items ?? [];
  const journeys = useQuery(journeysQuery).data?.items ?? [];
  const templates = useQuery(templatesQuery).data?.items ?? [];
  const on = useProblem('trigger.on');
  const times = useProblem('trigger.at');
  const feastProblem = useProblem('trigger.feast');
  const crosses = useProblem('trigger.crosses');
  const named = (items: { id: string; name: string }[]): { value: string; label: string }[] => items.map((one) => ({ value: one.id, label: one.name }));
  const patch = (fields: Dict, key?: string): void =>
    editor.edit((definition) => {
      const made: TriggerDoc = { ...definition.trigger, ...fields };
      for (const [name, value] of Object.entries(fields)) if (value === undefined) delete made[name];
      return { ...definition, trigger: made };
    }, key ? `trigger.${key}` : null);
  const segment = <Choice path="trigger.segment" clearable label={t('triggerForm.forSegment')} value={trigger.segment} data={named(segments)} onChange={(value) => patch({ segment: value ?? undefined })} />;
  const clock = <ClockField path="trigger.at" label={t('field.clock')} description={t('delay.ownClock')} value={trigger.at} onChange={(at) => patch({ at }, 'at')} />;
  const offset = <OffsetField path="trigger.offset" label={t('field.offset')} value={trigger.offset} onChange={(value) => patch({ offset: value })} />;
  const days = many(trigger.on).map(String);
  return (
    <Stack>
      <Select
        label={t('triggerForm.kind')} value={trigger.type} allowDeselect={false} data={TRIGGER_KINDS.map((kind) => ({ value: kind, label: t(`starts.${kind}`) }))}
        onChange={(kind) => kind && editor.edit((definition) => ({ ...definition, trigger: newTrigger(kind as TriggerKind) }))}
      />
      <Text size="sm" c="dimmed">{t(`startsText.${trigger.type}`)}</Text>
      {trigger.type === 'event' && (
        <>
          <EventField path="trigger.event" value={trigger.event} onChange={(event) => patch({ event }, 'event')} />
          <WhereField path="trigger" event={text(trigger.event)} value={trigger.where} onChange={(where) => patch({ where }, 'where')} />
          {trigger.event === 'Cart Abandoned' && <CartTiming />}
        </>
      )}
      {trigger.type === 'segment' && (
        <>
          <Choice path="trigger.segment" label={t('triggerForm.segment')} value={trigger.segment} data={named(segments)} onChange={(value) => value && patch({ segment: value })} />
          <Select
            label={t('triggerForm.turn')} value={text(trigger.on) || 'entered'} allowDeselect={false} data={(['entered', 'left'] as const).map((one) => ({ value: one, label: t(`turn.${one}`) }))}
            onChange={(value) => patch({ on: value, ...(value === 'left' ? { existing: undefined } : {}) })}
          />
          {trigger.on !== 'left' && (
            <Switch label={t('triggerForm.existing')} description={t('triggerForm.existingText')} checked={trigger.existing === true} onChange={(event) => patch({ existing: event.currentTarget.checked || undefined })} />
          )}
        </>
      )}
      {trigger.type === 'form' && (
        <>
          <LineField path="trigger.form" label={t('triggerForm.form')} value={trigger.form} onChange={(form) => patch({ form }, 'form')} />
          <WhereField path="trigger" event="Form Submitted" value={trigger.where} onChange={(where) => patch({ where }, 'where')} />
        </>
      )}
      {trigger.type === 'message' && (
        <>
          <Select
            label={t('triggerForm.did')} value={text(trigger.did)} allowDeselect={false} data={(['opened', 'clicked', 'unsubscribed'] as const).map((one) => ({ value: one, label: t(`did.${one}`) }))}
            onChange={(did) => did && patch({ did })}
          />
          <Select
            label={t('send.channel')} clearable value={text(trigger.channel) || null} placeholder={t('triggerForm.any')} data={CHANNELS.map((one) => ({ value: one, label: t(`channel.${one}`) }))}
            onChange={(channel) => patch({ channel: channel ?? undefined })}
          />
          <Choice path="trigger.template" clearable label={t('send.template')} value={trigger.template} data={named(templates)} onChange={(value) => patch({ template: value ?? undefined })} />
          <Choice path="trigger.journey" clearable label={t('other.journey')} value={trigger.journey} data={named(journeys)} onChange={(value) => patch({ journey: value ?? undefined })} />
          <LineField path="trigger.campaign" label={t('triggerForm.campaign')} value={trigger.campaign} onChange={(campaign) => patch({ campaign: campaign || undefined }, 'campaign')} />
          <WhereField path="trigger" event={trigger.did === 'opened' ? 'Email Opened' : 'Email Link Clicked'} value={trigger.where} onChange={(where) => patch({ where }, 'where')} />
        </>
      )}
      {trigger.type === 'date' && (
        <>
          <AttributeField path="trigger.attribute" label={t('delay.date')} value={trigger.attribute} onChange={(attribute) => patch({ attribute }, 'attribute')} />
          {offset}
          {clock}
          <Switch label={t('triggerForm.yearly')} checked={trigger.yearly === true} onChange={(event) => patch({ yearly: event.currentTarget.checked || undefined })} />
        </>
      )}
      {trigger.type === 'anniversary' && (
        <>
          <AttributeField path="trigger.attribute" label={t('delay.date')} value={trigger.attribute} onChange={(attribute) => patch({ attribute }, 'attribute')} />
          <Select label={t('triggerForm.round')} value={text(trigger.every) || 'year'} allowDeselect={false} data={(['year', 'month'] as const).map((one) => ({ value: one, label: t(`round.${one}`) }))} onChange={(every) => patch({ every })} />
          <Select
            label={t('triggerForm.calendar')} value={text(trigger.calendar) || 'solar'} allowDeselect={false} data={(['solar', 'lunar'] as const).map((one) => ({ value: one, label: t(`calendar.${one}`) }))}
            onChange={(calendar) => patch({ calendar: calendar === 'lunar' ? 'lunar' : undefined })}
          />
          {offset}
          {clock}
        </>
      )}
      {trigger.type === 'feast' && (
        <>
          <Select
            label={t('triggerForm.feast')} searchable value={/^\d/.test(text(trigger.feast)) ? 'day' : text(trigger.feast)} allowDeselect={false} error={feastProblem}
            data={[...FEASTS.map((feast) => ({ value: feast as string, label: t(`feast.${feast}`) })), { value: 'day', label: t('feast.day') }]} onChange={(feast) => feast && patch({ feast: feast === 'day' ? '01-01' : feast })}
          />
          {/^\d/.test(text(trigger.feast)) && (
            <TextInput label={t('triggerForm.monthDay')} value={text(trigger.feast)} placeholder="03-08" onChange={(event) => patch({ feast: event.currentTarget.value || '0' }, 'feast')} />
          )}
          {offset}
          {clock}
          {segment}
        </>
      )}
      {trigger.type === 'schedule' && (
        <>
          <Select
            label={t('triggerForm.every')} value={text(trigger.every)} allowDeselect={false} data={(['day', 'week', 'month'] as const).map((one) => ({ value: one, label: t(`every.${one}`) }))}
            onChange={(every) => patch({ every, on: every === 'week' ? 'mon' : every === 'month' ? 1 : undefined })}
          />
          {trigger.every === 'week' && (
            <MultiSelect label={t('triggerForm.weekdays')} value={days} error={on} data={WEEKDAYS.map((day) => ({ value: day, label: t(`weekday.${day}`) }))} onChange={(told) => patch({ on: told.length === 1 ? told[0] : told })} />
          )}
          {trigger.every === 'month' && (
            <MultiSelect
              label={t('triggerForm.monthdays')} searchable value={days} error={on}
              data={[...Array.from({ length: 31 }, (_, i) => ({ value: String(i + 1), label: String(i + 1) })), { value: 'last', label: t('triggerForm.last') }]}
              onChange={(told) => {
                const made = told.map((day) => (day === 'last' ? 'last' : Number(day)));
                patch({ on: made.length === 1 ? made[0] : made });
              }}
            />
          )}
          <TagsInput label={t('triggerForm.times')} description={t('triggerForm.timesText')} value={many(trigger.at).map(String)} error={times} maxTags={24} acceptValueOnBlur onChange={(told) => patch({ at: told.length === 1 ? told[0] : told })} />
          <MultiSelect
            label={t('triggerForm.months')} description={t('triggerForm.monthsText')} value={many(trigger.months).map(String)} data={Array.from({ length: 12 }, (_, i) => ({ value: String(i + 1), label: t('month', { month: i + 1 }) }))}
            onChange={(told) => patch({ months: told.length > 0 ? told.map(Number).sort((a, b) => a - b) : undefined })}
          />
          {segment}
        </>
      )}
      {trigger.type === 'threshold' && (
        <>
          <AttributeField path="trigger.attribute" value={trigger.attribute} onChange={(attribute) => patch({ attribute }, 'attribute')} />
          <NumberInput label={t('triggerForm.crosses')} value={typeof trigger.crosses === 'number' ? trigger.crosses : ''} thousandSeparator="." decimalSeparator="," error={crosses} onChange={(told) => patch({ crosses: told === '' ? undefined : Number(told) }, 'crosses')} />
          <Select
            label={t('triggerForm.direction')} value={text(trigger.direction) || 'up'} allowDeselect={false} data={(['up', 'down'] as const).map((one) => ({ value: one, label: t(`direction.${one}`) }))}
            onChange={(direction) => patch({ direction: direction === 'down' ? 'down' : undefined })}
          />
        </>
      )}
      {trigger.type === 'score' && (
        <>
          <LineField path="trigger.grade" label={t('triggerForm.grade')} value={trigger.grade} onChange={(grade) => patch({ grade }, 'grade')} />
          <Select
            label={t('triggerForm.direction')} value={text(trigger.direction) || 'up'} allowDeselect={false} data={(['up', 'down'] as const).map((one) => ({ value: one, label: t(`direction.${one}`) }))}
            onChange={(direction) => patch({ direction: direction === 'down' ? 'down' : undefined })}
          />
        </>
      )}
      {trigger.type === 'journey' && (
        <>
          <Choice path="trigger.journey" label={t('other.journey')} value={trigger.journey} data={named(journeys)} onChange={(value) => value && patch({ journey: value })} />
          <Select
            label={t('triggerForm.ending')} value={text(trigger.on) || 'completed'} allowDeselect={false} data={(['completed', 'goal_reached', 'exited', 'any'] as const).map((one) => ({ value: one, label: t(`ending.${one}`) }))}
            onChange={(value) => patch({ on: value === 'completed' ? undefined : value })}
          />
        </>
      )}
    </Stack>
  );
}
