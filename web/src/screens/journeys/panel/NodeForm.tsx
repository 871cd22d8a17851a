/** Every setting of a step. */
import {
  ActionIcon, Anchor, Button, Checkbox, Group, NumberInput, Paper, SegmentedControl, Select, Skeleton, Stack, Switch, TagsInput, Text, Textarea, TextInput,
} from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconExternalLink, IconEyeOff, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { WEEKDAYS } from '../editor/kinds';
import { contactsQuery, journeysQuery, listsQuery, templatesQuery } from '../editor/directory';
import { useWords } from '../editor/describe';
import { useEditor, useEditorStore } from '../editor/store';
import { addPath, CHANNELS, type Filter, LIMITS, movePath, type NodeDoc, removePath, update } from '../model';
import { ChannelGuide, useOfTrigger } from '../../../parts/ChannelGuide';
import { MailFrame } from '../../../parts/MailFrame';
import { Ways, type WaysDoc } from '../../../parts/Ways';
import { ConditionField } from './ConditionField';
import {
  AttributeField, ClockField, DurationField, EventField, LineField, NameField, OffsetField, useProblem, useTagNames, ValueField, WhereField,
} from './fields';

type Dict = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const dicts = (value: unknown): Dict[] => (Array.isArray(value) ? (value as Dict[]) : []);

interface FormProps {
  id: string;
  node: NodeDoc;
  /** Fields of the node; `undefined` takes one away. The name of the field makes typing one step of the history. */
  patch: (fields: Dict, key?: string) => void;
  replace: (node: NodeDoc) => void;
  at: (key: string) => string;
}

/** The text as a made-up customer gets it. */
function TemplatePreview({ id }: { id: string }) {
  const { t } = useTranslation('journeys');
  const query = useQuery({
    queryKey: ['templates', id, 'preview'], retry: false,
    queryFn: () => call(api.POST('/api/v1/templates/{id}/preview', { params: { path: { id } }, body: { sample: 'full' } })) as Promise<{ subject?: string | null; text?: string | null; html?: string | null }>,
  });
  if (query.isPending) return <Skeleton h={220} radius="md" />;
  if (query.isError) {
    return <Group gap={6} c="dimmed"><IconEyeOff size={16} aria-hidden /><Text size="sm">{t('send.noPreview')}</Text></Group>;
  }
  const { subject, html, text: plain } = query.data;
  return (
    <Paper withBorder radius="md" style={{ overflow: 'hidden' }}>
      {subject && <Text size="sm" fw={600} p="xs" style={{ borderBottom: '1px solid var(--ql-line)' }}>{subject}</Text>}
      {html ? (
        <MailFrame html={html} title={t('send.preview')} minHeight={280} />
      ) : (
        <Text size="sm" p="sm" style={{ whiteSpace: 'pre-wrap' }}>{plain}</Text>
      )}
    </Paper>
  );
}

function SendForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation(['journeys', 'ways']);
  const templates = useQuery(templatesQuery).data?.items ?? [];
  const trigger = useEditor((state) => state.history.present.definition.trigger) as unknown as Dict;
  const error = useProblem(at('template'));
  const channel = text(node.channel);
  const named = text(node.template);
  const found = templates.find((one) => one.id === named) ?? templates.find((one) => one.name === named);
  const fitting = templates.filter((one) => one.channel === channel);
  return (
    <Stack>
      <Select
        label={t('send.channel')} value={channel} allowDeselect={false} data={CHANNELS.map((one) => ({ value: one, label: t(`channel.${one}`) }))}
        onChange={(value) => value && patch({ channel: value, ...(value === 'webhook' ? { ways: undefined } : {}), ...(found && found.channel !== value ? { template: '' } : {}) })}
      />
      {channel !== 'webhook' && <ChannelGuide channel={channel} of={useOfTrigger(trigger)} />}
      <Select
        label={t('send.template')} searchable placeholder={t('send.choose')} error={error} nothingFoundMessage={t('send.none')} value={found?.id ?? (named || null)} allowDeselect={false}
        data={[...fitting.map((one) => ({ value: one.id, label: one.name })), ...(named && !fitting.some((one) => one.id === (found?.id ?? named)) ? [{ value: found?.id ?? named, label: found?.name ?? named }] : [])]}
        onChange={(value) => value && patch({ template: value })}
      />
      <Group gap="md">
        {found && <Anchor component={Link} to={`/content/${found.id}`} target="_blank" size="sm"><Group gap={4}>{t('send.edit')}<IconExternalLink size={14} aria-hidden /></Group></Anchor>}
        <Anchor component={Link} to="/content" target="_blank" size="sm"><Group gap={4}>{t('send.new')}<IconExternalLink size={14} aria-hidden /></Group></Anchor>
      </Group>
      <div>
        <Text size="sm" fw={500} mb={4}>{t('send.purpose')}</Text>
        <SegmentedControl
          fullWidth aria-label={t('send.purpose')} value={text(node.purpose) || 'marketing'} onChange={(purpose) => patch({ purpose })}
          data={(['marketing', 'transactional'] as const).map((one) => ({ value: one, label: t(`purpose.${one}`) }))}
        />
        <Text size="xs" c="dimmed" mt={6}>{t(`purposeText.${text(node.purpose) || 'marketing'}`)}</Text>
      </div>
      {channel !== 'webhook' && (
        <div>
          <Text size="sm" fw={500}>{t('ways:title')}</Text>
          <Text size="xs" c="dimmed" mb="xs">{t('ways:text')}</Text>
          <Ways first={channel} value={node.ways as WaysDoc | undefined} templates={templates} onChange={(ways) => patch({ ways }, 'ways')} />
        </div>
      )}
      {found && <TemplatePreview id={found.id} />}
    </Stack>
  );
}

const DELAYS = ['for', 'until_time', 'until_weekday', 'until_attribute', 'until_best_hour'] as const;

function DelayForm({ node, patch, replace, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const kind = DELAYS.find((one) => node[one] !== undefined) ?? 'for';
  const choose = (next: string | null): void => {
    const base: NodeDoc = { type: 'delay', ...(typeof node.next === 'string' ? { next: node.next } : {}) };
    const made: Dict = {
      for: { for: '1d' }, until_time: { until_time: '09:00' }, until_weekday: { until_weekday: 'mon', time: '09:00' },
      until_attribute: { until_attribute: '', time: '09:00' }, until_best_hour: { until_best_hour: { otherwise: '09:00' } },
    };
    if (next) replace({ ...base, ...(made[next] as Dict) });
  };
  return (
    <Stack>
      <Select label={t('delay.kind')} value={kind} allowDeselect={false} data={DELAYS.map((one) => ({ value: one, label: t(`delayKind.${one}`) }))} onChange={choose} />
      {kind === 'for' && <DurationField path={at('for')} label={t('delay.length')} value={node.for} onChange={(value) => patch({ for: value }, 'for')} />}
      {kind === 'until_time' && (
        <ClockField path={at('until_time')} label={t('field.clock')} description={t('delay.ownClock')} value={node.until_time} onChange={(value) => patch({ until_time: value }, 'until_time')} />
      )}
      {kind === 'until_weekday' && (
        <>
          <Select
            label={t('delay.day')} value={text(node.until_weekday)} allowDeselect={false} data={WEEKDAYS.map((day) => ({ value: day, label: t(`weekday.${day}`) }))}
            onChange={(value) => value && patch({ until_weekday: value })}
          />
          <ClockField path={at('time')} label={t('field.clock')} description={t('delay.ownClock')} value={node.time} onChange={(value) => patch({ time: value }, 'time')} />
        </>
      )}
      {kind === 'until_attribute' && (
        <>
          <AttributeField path={at('until_attribute')} label={t('delay.date')} value={node.until_attribute} onChange={(value) => patch({ until_attribute: value }, 'until_attribute')} />
          <OffsetField path={at('offset')} label={t('field.offset')} hours value={node.offset} onChange={(value) => patch({ offset: value })} />
          <Switch label={t('delay.hasTime')} checked={node.time !== undefined} onChange={(event) => patch({ time: event.currentTarget.checked ? '09:00' : undefined })} />
          {node.time !== undefined && <ClockField path={at('time')} label={t('field.clock')} value={node.time} onChange={(value) => patch({ time: value }, 'time')} />}
          <Switch label={t('delay.yearly')} checked={node.yearly === true} onChange={(event) => patch({ yearly: event.currentTarget.checked ? true : undefined })} />
          {(['when_past', 'when_missing'] as const).map((key) => (
            <Select
              key={key} label={t(`delay.${key}`)} value={text(node[key]) || 'continue'} allowDeselect={false}
              data={(['continue', 'exit'] as const).map((one) => ({ value: one, label: t(`delay.then.${one}`) }))} onChange={(value) => patch({ [key]: value === 'exit' ? 'exit' : undefined })}
            />
          ))}
        </>
      )}
      {kind === 'until_best_hour' && (
        <ClockField
          path={at('until_best_hour')} label={t('delay.otherwise')} description={t('delay.bestText')} value={(node.until_best_hour as Dict | undefined)?.otherwise}
          onChange={(value) => patch({ until_best_hour: { otherwise: value } }, 'best')}
        />
      )}
    </Stack>
  );
}

function WaitForm({ node, patch, replace, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const kind = node.when !== undefined ? 'when' : node.any_of !== undefined ? 'any_of' : 'event';
  const choose = (next: string | null): void => {
    if (!next || next === kind) return;
    const on = text(kind === 'when' ? node.on_met : node.on_event);
    const base: NodeDoc = { type: 'wait_for', timeout: node.timeout, ...(node.on_timeout ? { on_timeout: node.on_timeout } : {}) };
    const way = on ? { [next === 'when' ? 'on_met' : 'on_event']: on } : {};
    const event = text(node.event) || text(dicts(node.any_of)[0]?.event);
    if (next === 'when') replace({ ...base, when: { all: [] }, ...way });
    else if (next === 'any_of') replace({ ...base, any_of: [{ event, ...(node.where ? { where: node.where } : {}) }], ...way });
    else replace({ ...base, event, ...way });
  };
  const events = dicts(node.any_of);
  const change = (index: number, part: Dict, key?: string): void =>
    patch({ any_of: events.map((one, i) => (i === index ? Object.fromEntries(Object.entries({ ...one, ...part }).filter(([, value]) => value !== undefined)) : one)) }, key);
  return (
    <Stack>
      <Select label={t('wait.kind')} value={kind} allowDeselect={false} data={(['event', 'any_of', 'when'] as const).map((one) => ({ value: one, label: t(`waitKind.${one}`) }))} onChange={choose} />
      {kind === 'event' && (
        <>
          <EventField path={at('event')} value={node.event} onChange={(value) => patch({ event: value }, 'event')} />
          <WhereField path={at('where').replace(/\.where$/, '')} event={text(node.event)} value={node.where} onChange={(where) => patch({ where }, 'where')} />
        </>
      )}
      {kind === 'any_of' && (
        <>
          {events.map((one, i) => (
            <PathBox key={i} title={t('wait.number', { number: i + 1 })} index={i} count={events.length} least={1} node={node} replace={replace}>
              <EventField path={at(`any_of.${i}.event`)} value={one.event} onChange={(event) => change(i, { event }, `any_of.${i}`)} />
              <WhereField path={at(`any_of.${i}`)} event={text(one.event)} value={one.where} onChange={(where: Filter[] | undefined) => change(i, { where }, `any_of.${i}.where`)} />
            </PathBox>
          ))}
          <More isFull={events.length >= LIMITS.anyOf} label={t('wait.add')} add={() => replace(addPath(node))} />
        </>
      )}
      {kind === 'when' && <ConditionField path={at('when')} context="journey" label={t('wait.until')} value={node.when} onChange={(when) => patch({ when }, 'when')} />}
      <DurationField path={at('timeout')} label={t('wait.most')} description={t('wait.mostText')} value={node.timeout} onChange={(timeout) => patch({ timeout }, 'timeout')} />
    </Stack>
  );
}

function More({ isFull, label, add }: { isFull: boolean; label: string; add: () => void }) {
  return <Button variant="light" size="sm" leftSection={<IconPlus size={16} aria-hidden />} disabled={isFull} onClick={add} style={{ alignSelf: 'flex-start' }}>{label}</Button>;
}

function PathBox({ title, index, count, least, node, replace, children }: { title: string; index: number; count: number; least: number; node: NodeDoc; replace: (node: NodeDoc) => void; children: ReactNode }) {
  const { t } = useTranslation('journeys');
  return (
    <Paper withBorder radius="md" p="sm">
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <Text size="sm" fw={600}>{title}</Text>
        <Group gap={2} wrap="nowrap">
          <ActionIcon aria-label={t('path.up', { name: title })} disabled={index === 0} onClick={() => replace(movePath(node, index, -1))}><IconArrowUp size={16} aria-hidden /></ActionIcon>
          <ActionIcon aria-label={t('path.down', { name: title })} disabled={index === count - 1} onClick={() => replace(movePath(node, index, 1))}><IconArrowDown size={16} aria-hidden /></ActionIcon>
          <ActionIcon aria-label={t('path.remove', { name: title })} disabled={count <= least} onClick={() => replace(removePath(node, index))}><IconTrash size={16} aria-hidden /></ActionIcon>
        </Group>
      </Group>
      <Stack gap="sm">{children}</Stack>
    </Paper>
  );
}

function BranchForm({ node, replace, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const paths = dicts(node.paths);
  return (
    <Stack>
      <Text size="sm" c="dimmed">{t('branch.about')}</Text>
      {paths.map((path, i) => (
        <PathBox key={i} title={t('branch.path', { number: i + 1 })} index={i} count={paths.length} least={1} node={node} replace={replace}>
          <ConditionField
            path={at(`paths.${i}.when`)} context="journey" label={t('branch.when')} value={path.when}
            onChange={(when) => editor.edit((now) => {
              const id = at('').split('.')[1] as string;
              const current = now.nodes[id];
              if (!current) return now;
              const made = dicts(current.paths).map((one, place) => (place === i ? { ...one, when } : one));
              return { ...now, nodes: { ...now.nodes, [id]: { ...current, paths: made } } };
            }, at(`paths.${i}.when`))}
          />
        </PathBox>
      ))}
      <More isFull={paths.length >= LIMITS.paths} label={t('branch.add')} add={() => replace(addPath(node))} />
      <Text size="sm" c="dimmed">{t('branch.otherwise')}</Text>
    </Stack>
  );
}

function Shares({ node, patch, replace, at, field }: FormProps & { field: 'paths' | 'variants' }) {
  const { t } = useTranslation('journeys');
  const paths = dicts(node[field]);
  const total = paths.reduce((sum, path) => sum + (Number(path.weight) || 0), 0);
  const change = (index: number, part: Dict, key: string): void => patch({ [field]: paths.map((one, i) => (i === index ? { ...one, ...part } : one)) }, key);
  const even = (): void => patch({ [field]: paths.map((one) => ({ ...one, weight: 1 })) });
  return (
    <>
      {paths.map((path, i) => (
        <PathBox key={i} title={field === 'variants' ? t('experiment.variant', { name: text(path.name) || i + 1 }) : t('split.path', { number: i + 1 })} index={i} count={paths.length} least={2} node={node} replace={replace}>
          {field === 'variants' && <LineField path={at(`variants.${i}.name`)} label={t('experiment.variantName')} value={path.name} onChange={(name) => change(i, { name }, `name.${i}`)} />}
          <Weight path={at(`${field}.${i}.weight`)} value={Number(path.weight) || 0} total={total} onChange={(weight) => change(i, { weight }, `weight.${i}`)} />
        </PathBox>
      ))}
      <Group>
        <More isFull={paths.length >= LIMITS.paths} label={t(field === 'variants' ? 'experiment.add' : 'split.add')} add={() => replace(addPath(node))} />
        <Button variant="subtle" size="sm" onClick={even}>{t('split.even')}</Button>
      </Group>
    </>
  );
}

function Weight({ path, value, total, onChange }: { path: string; value: number; total: number; onChange: (weight: number) => void }) {
  const { t } = useTranslation('journeys');
  const { formats } = useWords();
  return (
    <NumberInput
      label={t('split.weight')} description={t('split.share', { share: formats.percent(total > 0 ? value / total : 0) })} value={value} min={1} max={1_000_000} allowDecimal={false}
      error={useProblem(path)} onChange={(told) => onChange(Number(told) || 0)}
    />
  );
}

function SplitForm(props: FormProps) {
  const { t } = useTranslation('journeys');
  return (
    <Stack>
      <Text size="sm" c="dimmed">{t('split.about')}</Text>
      <Shares {...props} field="paths" />
    </Stack>
  );
}

function ExperimentForm(props: FormProps) {
  const { t } = useTranslation('journeys');
  return (
    <Stack>
      <LineField path={props.at('name')} label={t('experiment.name')} description={t('experiment.nameText')} value={props.node.name} onChange={(name) => props.patch({ name }, 'name')} />
      <Shares {...props} field="variants" />
    </Stack>
  );
}

function AttributeForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  return (
    <Stack>
      <AttributeField path={at('name')} label={t('attribute.name')} description={t('attribute.nameText')} value={node.name} onChange={(name) => patch({ name }, 'name')} />
      <Checkbox label={t('attribute.removes')} checked={node.value === null} onChange={(event) => patch({ value: event.currentTarget.checked ? null : '' })} />
      {node.value !== null && <ValueField path={at('value')} label={t('attribute.value')} value={node.value} onChange={(value) => patch({ value }, 'value')} />}
    </Stack>
  );
}

function TagForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  return <NameField path={at('tag')} label={t('tag.label')} description={t('tag.text')} data={useTagNames()} value={node.tag} onChange={(tag) => patch({ tag }, 'tag')} />;
}

function ListForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const lists = useQuery(listsQuery).data?.items ?? [];
  return <NameField path={at('list')} label={t('list.label')} description={t('list.text')} data={lists.map((one) => one.id)} value={node.list} onChange={(list) => patch({ list }, 'list')} />;
}

function JourneyForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const journeys = useQuery(journeysQuery).data?.items ?? [];
  const error = useProblem(at('journey'));
  const properties = Object.entries((node.properties ?? {}) as Dict);
  const write = (entries: [string, unknown][]): void => patch({ properties: entries.length > 0 ? Object.fromEntries(entries) : undefined }, 'properties');
  const named = text(node.journey);
  return (
    <Stack>
      <Select
        label={t('other.journey')} description={node.type === 'start_journey' ? t('other.startText') : t('other.stopText')} searchable error={error} value={named || null} allowDeselect={false}
        data={[...journeys.map((one) => ({ value: one.id, label: one.name })), ...(named && !journeys.some((one) => one.id === named) ? [{ value: named, label: named }] : [])]}
        onChange={(value) => value && patch({ journey: value })}
      />
      {node.type === 'stop_journey' && <LineField path={at('reason')} label={t('field.reason')} value={node.reason} onChange={(reason) => patch({ reason: reason || undefined }, 'reason')} />}
      {node.type === 'start_journey' && (
        <Stack gap="xs">
          <Text size="sm" fw={500}>{t('other.properties')}</Text>
          {properties.map(([name, value], i) => (
            <Paper key={i} withBorder radius="md" p="sm">
              <Group gap="xs" align="flex-end" wrap="nowrap" mb="xs">
                <TextInput
                  label={t('where.property')} value={name} style={{ flex: 1 }} onChange={(event) => write(properties.map((one, at2) => (at2 === i ? [event.currentTarget.value, one[1]] : one)))}
                />
                <ActionIcon size={34} aria-label={t('where.remove', { number: i + 1 })} onClick={() => write(properties.filter((_, at2) => at2 !== i))}><IconTrash size={17} aria-hidden /></ActionIcon>
              </Group>
              <ValueField path={at(`properties.${name}`)} label={t('where.value')} value={value} onChange={(told) => write(properties.map((one, at2) => (at2 === i ? [one[0], told] : one)))} />
            </Paper>
          ))}
          <More isFull={properties.length >= LIMITS.properties} label={t('other.add')} add={() => write([...properties, [`field_${properties.length + 1}`, '']])} />
        </Stack>
      )}
    </Stack>
  );
}

function WebhookForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const headers = Object.entries((node.headers ?? {}) as Record<string, string>);
  const write = (entries: [string, string][]): void => patch({ headers: entries.length > 0 ? Object.fromEntries(entries) : undefined }, 'headers');
  return (
    <Stack>
      <LineField path={at('url')} label={t('hook.url')} type="url" value={node.url} onChange={(url) => patch({ url }, 'url')} />
      <Stack gap="xs">
        <Text size="sm" fw={500}>{t('hook.headers')}</Text>
        {headers.map(([name, value], i) => (
          <Group key={i} gap="xs" wrap="nowrap">
            <TextInput aria-label={t('hook.header', { number: i + 1 })} value={name} placeholder="X-Source" onChange={(event) => write(headers.map((one, at2) => (at2 === i ? [event.currentTarget.value, one[1]] : one)))} />
            <TextInput aria-label={t('hook.headerValue', { number: i + 1 })} value={value} style={{ flex: 1 }} onChange={(event) => write(headers.map((one, at2) => (at2 === i ? [one[0], event.currentTarget.value] : one)))} />
            <ActionIcon size={34} aria-label={t('hook.removeHeader', { number: i + 1 })} onClick={() => write(headers.filter((_, at2) => at2 !== i))}><IconTrash size={17} aria-hidden /></ActionIcon>
          </Group>
        ))}
        <More isFull={headers.length >= LIMITS.headers} label={t('hook.addHeader')} add={() => write([...headers, [`X-Header-${headers.length + 1}`, '']])} />
      </Stack>
      <Textarea
        label={t('hook.body')} description={t('hook.bodyText')} autosize minRows={4} maxRows={16} value={text(node.body)} styles={{ input: { fontFamily: 'monospace', fontSize: 13 } }} error={useProblem(at('body'))}
        onChange={(event) => patch({ body: event.currentTarget.value || undefined }, 'body')}
      />
    </Stack>
  );
}

function StaffForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  const to = Array.isArray(node.to) ? node.to.map(String) : [];
  const contacts = useQuery(contactsQuery).data ?? [];
  const [none, ...each] = [useProblem(at('to')), useProblem(at('to.0')), useProblem(at('to.1')), useProblem(at('to.2'))];
  return (
    <Stack>
      <TagsInput label={t('staff.to')} description={t('staff.toText')} value={to} data={contacts} maxTags={LIMITS.staff} error={none ?? each.find(Boolean)} onChange={(told) => patch({ to: told })} splitChars={[',', ' ', ';']} acceptValueOnBlur />
      <LineField path={at('subject')} label={t('staff.subject')} value={node.subject} onChange={(subject) => patch({ subject }, 'subject')} />
      <Textarea
        label={t('staff.message')} description={t('staff.messageText')} autosize minRows={4} maxRows={16} value={text(node.message)} error={useProblem(at('message'))}
        onChange={(event) => patch({ message: event.currentTarget.value }, 'message')}
      />
    </Stack>
  );
}

function ExitForm({ node, patch, at }: FormProps) {
  const { t } = useTranslation('journeys');
  return (
    <Stack>
      <Text size="sm" c="dimmed">{t('exitAbout')}</Text>
      <LineField path={at('reason')} label={t('field.reason')} description={t('exitReason')} value={node.reason} onChange={(reason) => patch({ reason: reason || undefined }, 'reason')} />
    </Stack>
  );
}

const forms: Record<NodeDoc['type'], (props: FormProps) => ReactNode> = {
  send: SendForm, delay: DelayForm, wait_for: WaitForm, branch: BranchForm, split: SplitForm, experiment: ExperimentForm, set_attribute: AttributeForm, add_tag: TagForm,
  remove_tag: TagForm, add_to_list: ListForm, remove_from_list: ListForm, start_journey: JourneyForm, stop_journey: JourneyForm, webhook: WebhookForm, notify_staff: StaffForm,
  exit: ExitForm,
};

export function NodeForm({ id, node }: { id: string; node: NodeDoc }) {
  const editor = useEditorStore();
  const Form = forms[node.type];
  return (
    <Form
      id={id} node={node} at={(key) => `nodes.${id}.${key}`} patch={(fields, key) => editor.patch(id, fields, key ?? null)}
      replace={(made) => editor.edit((definition) => update(definition, id, made))}
    />
  );
}
