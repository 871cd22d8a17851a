/** Which control belongs to which words of a sentence. */
import { Checkbox, Group, Select, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../../parts/format';
import {
  CHANNELS, CONSENT_STATES, HAPPENED, INSTANT_OPS, LINE_FIELDS, ORDER_FIELDS, PROFILE_FIELDS, PURPOSES, RUN_STATES, isNumeric, lineField, operators, orderField, profileField, sayEvent, sayField, withOp,
  type Ask, type Check, type ConditionContext, type Field, type Filter, type Kind, type Leaf, type LeafOf, type Op, type Test, type Words,
} from '../grammar';
import { type CatalogField, type ValuesOf, useAttributes, useEvents, useProperties, useTags } from './catalog';
import { CheckForm, Done, NumberField, SpanField, ValueForm, WindowForm } from './forms';
import { type Option, OptionPicker } from './OptionPicker';
import { type NamedKind, useNamed } from './words';

export interface Shared {
  words: Words;
  context: ConditionContext;
  /** The segment that is edited: it cannot refer to itself. */
  self?: string | undefined;
}

interface Pick {
  label: string;
  value: string | undefined;
  onPick: (value: string) => void;
}

/** A choice of a closed list of words. */
function WordPick({ label, value, onPick, options }: Pick & { options: Option[] }) {
  return <OptionPicker label={label} options={options} value={value} onPick={onPick} hideSearch={options.length < 8} />;
}

const useUse = (): ((text: string) => string) => {
  const { t } = useTranslation('conditions');
  return (text) => t('ui.use', { text });
};

export function EventPick({ label, value, onPick, words, any }: Pick & { words: Words; any?: boolean }) {
  const { t } = useTranslation('conditions');
  const { items, isLoading } = useEvents();
  const { number } = useFormats();
  const use = useUse();
  const named = (name: string): Option => ({ value: name, label: sayEvent(name, words), text: sayEvent(name, words).includes(name) ? undefined : name });
  const busy = [...items].sort((a, b) => b.recent - a.recent || a.name.localeCompare(b.name));
  const known = busy.filter((event) => words.does(event.name) !== undefined);
  const other = busy.filter((event) => words.does(event.name) === undefined);
  const option = (group: string) => (event: (typeof items)[number]): Option => ({
    ...named(event.name), group, note: event.recent > 0 ? `${number(event.recent)}${event.more ? '+' : ''}` : undefined,
  });
  const options = [
    ...(any ? [{ value: '', label: t('any_event') }] : []),
    ...known.map(option(t('ui.events_known'))), ...other.map(option(t('ui.events_rest'))),
  ];
  if (value && !options.some((one) => one.value === value)) options.unshift(named(value));
  return <OptionPicker label={label} options={options} value={value} onPick={onPick} isLoading={isLoading} create={{ text: use, pick: onPick }} />;
}

const kindOfCatalog = (field: CatalogField | undefined): Kind | undefined => {
  if (!field) return undefined;
  if (field.list) return 'list';
  const [kind] = field.kinds;
  return kind === 'text' || kind === 'number' || kind === 'date' || kind === 'truth' ? kind : undefined;
};

const FIELD_GROUPS = ['profile', 'orders', 'cart', 'predicted', 'rfm', 'habits', 'lead'] as const;

function fieldGroup(path: string): (typeof FIELD_GROUPS)[number] {
  switch (path.split('.')[0]) {
    case 'orders': return 'orders';
    case 'cart': return 'cart';
    case 'predicted': return 'predicted';
    case 'rfm': return 'rfm';
    case 'favourite':
    case 'replenish':
    case 'best_time':
    case 'preferred_channel': return 'habits';
    case 'lead': return 'lead';
    default: return 'profile';
  }
}

export function PathPick({ label, value, onPick, words }: Pick & { words: Words }) {
  const { t } = useTranslation('conditions');
  const { items, isLoading } = useAttributes();
  const { percent } = useFormats();
  const use = useUse();
  const standard = FIELD_GROUPS.flatMap((group) => PROFILE_FIELDS.filter((field) => fieldGroup(field.path) === group));
  const known = new Set(PROFILE_FIELDS.map((field) => field.path));
  const own = items.filter((field) => !known.has(field.name));
  const options: Option[] = [
    ...own.map((field) => ({ value: field.name, label: sayField('profile', field.name, words), text: field.name === sayField('profile', field.name, words) ? undefined : field.name, note: percent(field.share, 0), group: t('ui.fields_own') })),
    ...standard.map((field) => ({ value: field.path, label: sayField('profile', field.path, words), group: t(`ui.fields_${fieldGroup(field.path)}`), also: field.path })),
    ...CHANNELS.flatMap((channel) => PURPOSES.map((purpose) => ({ value: `consents.${channel}.${purpose}`, label: sayField('profile', `consents.${channel}.${purpose}`, words), group: t('ui.fields_consents') }))),
  ];
  if (value && !options.some((one) => one.value === value)) options.unshift({ value, label: sayField('profile', value, words) });
  return <OptionPicker label={label} options={options} value={value} onPick={onPick} isLoading={isLoading} create={{ text: use, pick: onPick }} />;
}

function NamedPick({ label, value, onPick, kind, without }: Pick & { kind: NamedKind; without?: string | undefined }) {
  const { t } = useTranslation('conditions');
  const things = useNamed(kind);
  const options: Option[] = things.filter((one) => one.id !== without).map((one) => ({ value: one.id, label: one.name }));
  if (value && !options.some((one) => one.value === value)) options.unshift({ value, label: value, text: t('ui.gone') });
  return <OptionPicker label={label} options={options} value={value} onPick={onPick} />;
}

function TagPick({ label, value, onPick }: Pick) {
  const { items, isLoading } = useTags();
  const { number } = useFormats();
  const use = useUse();
  const options: Option[] = items.map((tag) => ({ value: String(tag.value), label: String(tag.value), note: number(tag.count) }));
  if (value && !options.some((one) => one.value === value)) options.unshift({ value, label: value });
  return <OptionPicker label={label} options={options} value={value} onPick={onPick} isLoading={isLoading} create={{ text: use, pick: onPick }} />;
}

export type FilterOf = 'event' | 'order' | 'line';

/** The properties of an event, or the fields of orders and their lines. */
export function PropertyPick({ label, value, onPick, words, of, event }: Pick & { words: Words; of: FilterOf; event: string }) {
  const { items, isLoading } = useProperties(of === 'event' ? event : '');
  const { percent } = useFormats();
  const use = useUse();
  const said = (path: string): string => sayField(of === 'event' ? 'property' : of, path, words);
  const fixed: readonly Field[] = of === 'order' ? ORDER_FIELDS : LINE_FIELDS;
  const options: Option[] = of === 'event'
    ? items.map((field) => ({ value: field.name, label: said(field.name), text: said(field.name) === field.name ? undefined : field.name, note: percent(field.share, 0) }))
    : fixed.map((field) => ({ value: field.path, label: said(field.path), also: field.path }));
  if (value && !options.some((one) => one.value === value)) options.unshift({ value, label: said(value) });
  return <OptionPicker label={label} options={options} value={value} onPick={onPick} isLoading={isLoading} create={of === 'event' ? { text: use, pick: onPick } : undefined} />;
}

/** What is known of the field that a test is on. */
interface Subject {
  kind: Kind | undefined;
  kinds: readonly string[];
  closedWords: readonly string[] | undefined;
  wordKey: string;
  valuesOf: ValuesOf | undefined;
}

export function useProfileSubject(path: string): Subject {
  const { items } = useAttributes();
  const field = profileField(path);
  const name = path.replace(/^attributes\./, '');
  const found = field ? undefined : items.find((one) => one.name === name);
  const consent = path.startsWith('consents.') ? CONSENT_STATES : undefined;
  return {
    kind: field?.kind ?? kindOfCatalog(found),
    kinds: found?.kinds ?? [],
    closedWords: field?.words ?? consent,
    wordKey: path,
    valuesOf: field || consent ? undefined : { of: 'attribute', name },
  };
}

export function useFilterSubject(of: FilterOf, event: string, property: string): Subject {
  const { items } = useProperties(of === 'event' ? event : '');
  const field = of === 'order' ? orderField(property) : of === 'line' ? lineField(property) : undefined;
  const found = items.find((one) => one.name === property);
  const isAmount = isNumeric(field?.kind);
  return {
    kind: field?.kind ?? kindOfCatalog(found),
    kinds: found?.kinds ?? [],
    closedWords: field?.words,
    wordKey: of === 'event' ? `event_${property}` : `${of}_${property}`,
    valuesOf: property === '' || isAmount ? undefined : { of, event: of === 'event' ? event : undefined, name: property },
  };
}

interface TestProps extends Shared {
  slot: string;
  test: Test;
  subject: Subject;
  onChange: (test: Test) => void;
  close: () => void;
  /** Only operators that compare an instant. */
  instantsOnly?: boolean;
}

/** The words of a comparison: the operator, the value, the calendar. */
export function TestControl({ slot, test, subject, onChange, close, instantsOnly, words, context }: TestProps) {
  const { t } = useTranslation('conditions');
  if (slot === 'op') {
    const { likely, other } = instantsOnly ? { likely: [...INSTANT_OPS], other: [] } : operators(subject.kind);
    const option = (group?: string) => (op: Op): Option => ({ value: op, label: t(`op.${op}`), ...(group ? { group } : {}) });
    const options = [...likely.map(option()), ...other.map(option(t('ui.other_ops')))];
    return <OptionPicker label={t('slot.op')} options={options} value={test.op} onPick={(op) => { onChange(withOp(test, op as Op)); close(); }} />;
  }
  if (slot === 'calendar') {
    const options = (['solar', 'lunar'] as const).map((one) => ({ value: one, label: t(`calendar.${one}`) }));
    const pick = (one: string): void => {
      const { calendar: _, ...rest } = test;
      onChange(one === 'lunar' ? { ...rest, calendar: 'lunar' } : rest);
      close();
    };
    return <WordPick label={t('slot.calendar')} options={options} value={test.calendar ?? 'solar'} onPick={pick} />;
  }
  const set = (value: Test['value']): void => {
    const { value: _, ...rest } = test;
    onChange(value === undefined ? rest : { ...rest, value });
  };
  return <ValueForm {...subject} test={test} words={words} context={context} label={t('slot.value')} onChange={set} close={close} />;
}

function BucketPart({ leaf, onChange, close }: { leaf: LeafOf<'bucket'>; onChange: (leaf: Leaf) => void; close: () => void }) {
  const { t } = useTranslation('conditions');
  return (
    <Stack gap="sm">
      <Group gap="xs" wrap="nowrap">
        <NumberField label={t('ui.from_percent')} value={leaf.from} min={0} max={100} decimals={2} autoFocus onEnter={close} onChange={(from) => onChange({ ...leaf, from: from ?? 0 })} suffix="%" />
        <NumberField label={t('ui.to_percent')} value={leaf.to} min={0} max={100} decimals={2} onEnter={close} onChange={(to) => onChange({ ...leaf, to: to ?? 0 })} suffix="%" />
      </Group>
      <Done close={close} />
    </Stack>
  );
}

/** Which messages are meant: each key may be left open. */
function WhichForm({ leaf, onChange, close }: { leaf: LeafOf<'message'>; onChange: (leaf: Leaf) => void; close: () => void }) {
  const { t } = useTranslation('conditions');
  const templates = useNamed('template');
  const journeys = useNamed('journey');
  const campaigns = useNamed('campaign');
  const named = (things: { id: string; name: string }[], id: string | undefined) => {
    const data = things.map((one) => ({ value: one.id, label: one.name }));
    return id && !data.some((one) => one.value === id) ? [{ value: id, label: id }, ...data] : data;
  };
  const data = {
    channel: CHANNELS.map((one) => ({ value: one, label: t(`channel.${one}`) })),
    purpose: PURPOSES.map((one) => ({ value: one, label: t(`purpose.${one}`) })),
    campaign: named(campaigns, leaf.campaign),
    journey: named(journeys, leaf.journey),
    template: named(templates, leaf.template),
  };
  return (
    <Stack gap="xs">
      {(['channel', 'purpose', 'campaign', 'journey', 'template'] as const).map((key) => (
        <Select
          key={key} size="sm" label={t(`slot.${key}`)} placeholder={t('ui.any')} clearable searchable data={data[key] as { value: string; label: string }[]} value={leaf[key] ?? null} comboboxProps={{ withinPortal: false }}
          nothingFoundMessage={t('ui.no_option')} onChange={(next) => onChange({ ...leaf, [key]: next ?? undefined } as Leaf)}
        />
      ))}
      <Done close={close} />
    </Stack>
  );
}

function NameForm({ label, help, value, onChange, close }: { label: string; help: string; value: string; onChange: (value: string) => void; close: () => void }) {
  return (
    <Stack gap="sm">
      <TextInput size="sm" label={label} description={help} value={value} maxLength={200} data-autofocus onChange={(event) => onChange(event.currentTarget.value)} onKeyDown={(event) => event.key === 'Enter' && close()} />
      <Done close={close} />
    </Stack>
  );
}

function AskForm({ ask, onChange, close, of, event, words }: { ask: Ask; onChange: (ask: Ask) => void; close: () => void; of: 'event' | 'order'; event: string; words: Words }) {
  const { t } = useTranslation('conditions');
  const isAt = ask.kind === 'at';
  return (
    <Stack gap="sm">
      <Checkbox
        label={t('ask.when')} checked={isAt} data-autofocus
        onChange={() => onChange(isAt ? { kind: 'property', property: '', test: { op: 'eq' } } : { kind: 'at', test: { op: 'within_last', value: '30d' } })}
      />
      {!isAt && (
        <PropertyPick
          label={t('slot.property')} value={ask.property || undefined} words={words} of={of} event={event}
          onPick={(property) => {
            onChange({ ...ask, property });
            close();
          }}
        />
      )}
      {isAt && <Done close={close} />}
    </Stack>
  );
}

interface LeafControlProps extends Shared {
  leaf: Leaf;
  slot: string;
  onChange: (leaf: Leaf) => void;
  close: () => void;
}

const MEASURED_ORDER = [...ORDER_FIELDS, ...LINE_FIELDS];

/** What opens below a word of the sentence of a leaf. */
export function LeafControl(props: LeafControlProps) {
  const { leaf, slot, onChange, close, words } = props;
  const { t } = useTranslation('conditions');
  const label = t(`slot.${slot}`);
  const done = (next: Leaf): void => {
    onChange(next);
    close();
  };
  const said = (list: readonly string[], prefix: string): Option[] => list.map((one) => ({ value: one, label: t(`${prefix}.${one}`) }));
  switch (leaf.type) {
    case 'attribute':
      if (slot === 'path') {
        return <PathPick label={label} value={leaf.path || undefined} words={words} onPick={(path) => done(path === leaf.path ? leaf : { type: 'attribute', path, test: startOf(path) })} />;
      }
      return <AttributeTest {...props} leaf={leaf} />;
    case 'tag': return <TagPick label={label} value={leaf.tag || undefined} onPick={(tag) => done({ type: 'tag', tag })} />;
    case 'list': return <NamedPick kind="list" label={label} value={leaf.list || undefined} onPick={(list) => done({ type: 'list', list })} />;
    case 'segment': return <NamedPick kind="segment" label={label} value={leaf.segment || undefined} without={props.self} onPick={(segment) => done({ type: 'segment', segment })} />;
    case 'consent':
      if (slot === 'state') return <WordPick label={label} value={leaf.state} options={said(CONSENT_STATES, 'consent_state')} onPick={(state) => done({ ...leaf, state: state as typeof leaf.state })} />;
      if (slot === 'purpose') return <WordPick label={label} value={leaf.purpose} options={said(PURPOSES, 'purpose')} onPick={(purpose) => done({ ...leaf, purpose: purpose as typeof leaf.purpose })} />;
      return <WordPick label={label} value={leaf.channel} options={said(CHANNELS, 'channel')} onPick={(channel) => done({ ...leaf, channel: channel as typeof leaf.channel })} />;
    case 'did':
      if (slot === 'event') return <EventPick label={label} value={leaf.event || undefined} words={words} onPick={(event) => done({ ...leaf, event })} />;
      if (slot === 'window') return <WindowForm value={leaf.window} onChange={(window) => onChange({ ...leaf, window })} close={close} />;
      if (slot === 'followed' && leaf.notFollowedBy) {
        const followed = leaf.notFollowedBy;
        return <EventPick label={label} value={followed.event || undefined} words={words} onPick={(event) => done({ ...leaf, notFollowedBy: { ...followed, event } })} />;
      }
      if (slot === 'within' && leaf.notFollowedBy) {
        const followed = leaf.notFollowedBy;
        return (
          <Stack gap="sm">
            <SpanField label={label} value={followed.within} autoFocus onEnter={close} onChange={(within) => onChange({ ...leaf, notFollowedBy: { ...followed, within } })} />
            <Done close={close} />
          </Stack>
        );
      }
      return <EventCheck leaf={leaf} onChange={onChange} close={close} words={words} />;
    case 'pick':
      if (slot === 'event') return <EventPick label={label} value={leaf.event || undefined} words={words} onPick={(event) => done({ ...leaf, event })} />;
      if (slot === 'end') return <WordPick label={label} value={leaf.end} options={said(['first', 'last'], 'end')} onPick={(end) => done({ ...leaf, end: end as typeof leaf.end })} />;
      if (slot === 'ask') return <AskForm ask={leaf.ask} of="event" event={leaf.event} words={words} onChange={(ask) => onChange({ ...leaf, ask })} close={close} />;
      return <AskTest {...props} leaf={leaf} of="event" event={leaf.event} />;
    case 'orders':
      if (slot === 'window') return <WindowForm value={leaf.window} onChange={(window) => onChange({ ...leaf, window })} close={close} />;
      return (
        <CheckForm
          value={leaf.check} of="order" close={close} onChange={(check: Check) => onChange({ ...leaf, check })}
          properties={MEASURED_ORDER.map((field) => ({ value: field.path, label: sayField(orderField(field.path) ? 'order' : 'line', field.path, words) }))}
          isMoney={leaf.check.measure.kind !== 'count' && leaf.check.measure.kind !== 'distinct' && (orderField(leaf.check.measure.property) ?? lineField(leaf.check.measure.property))?.kind === 'money'}
        />
      );
    case 'orderPick':
      if (slot === 'end') return <WordPick label={label} value={leaf.end} options={said(['first', 'last'], 'order_end')} onPick={(end) => done({ ...leaf, end: end as typeof leaf.end })} />;
      if (slot === 'ask') return <AskForm ask={leaf.ask} of="order" event="" words={words} onChange={(ask) => onChange({ ...leaf, ask })} close={close} />;
      return <AskTest {...props} leaf={leaf} of="order" event="" />;
    case 'message':
      if (slot === 'did') return <WordPick label={label} value={leaf.did} options={said(HAPPENED, 'happened')} onPick={(did) => done({ ...leaf, did: did as typeof leaf.did })} />;
      if (slot === 'which') return <WhichForm leaf={leaf} onChange={onChange} close={close} />;
      if (slot === 'window') return <WindowForm value={leaf.window} onChange={(window) => onChange({ ...leaf, window })} close={close} />;
      return <CheckForm value={leaf.check} of="count" properties={[]} isMoney={false} close={close} onChange={(check: Check) => onChange({ ...leaf, check })} />;
    case 'journey':
      if (slot === 'state') return <WordPick label={label} value={leaf.state} options={said(RUN_STATES, 'run_state')} onPick={(state) => done({ ...leaf, state: state as typeof leaf.state })} />;
      if (slot === 'window') return <WindowForm value={leaf.window} onChange={(window) => onChange({ ...leaf, window })} close={close} />;
      return <NamedPick kind="journey" label={label} value={leaf.journey || undefined} onPick={(journey) => done({ ...leaf, journey })} />;
    case 'bucket':
      if (slot === 'name') return <NameForm label={label} help={t('ui.split_help')} value={leaf.name} onChange={(name) => onChange({ ...leaf, name })} close={close} />;
      return <BucketPart leaf={leaf} onChange={onChange} close={close} />;
    case 'event':
    case 'awaited':
      return <EventPick any label={label} value={leaf.name ?? ''} words={words} onPick={(name) => done({ ...leaf, name: name === '' ? undefined : name })} />;
    case 'seen':
      if (slot === 'event') return <EventPick label={label} value={leaf.event || undefined} words={words} onPick={(event) => done({ ...leaf, event })} />;
      return (
        <Stack gap="sm">
          <NumberField label={t('ui.at_least')} value={leaf.atLeast > 0 ? leaf.atLeast : undefined} min={1} decimals={0} autoFocus onEnter={close} onChange={(n) => onChange({ ...leaf, atLeast: n ?? 0 })} />
          <Done close={close} />
        </Stack>
      );
  }
}

/** How a comparison begins, by what the field is. */
export function startOf(path: string): Test {
  const kind = profileField(path)?.kind;
  if (path === 'birthday') return { op: 'anniversary_within', value: '7d' };
  // What is forecast lies ahead.
  if (kind === 'date') return /^(predicted|replenish)\./.test(path) ? { op: 'within_next', value: '7d' } : { op: 'within_last', value: '30d' };
  if (isNumeric(kind)) return { op: 'gte' };
  if (kind === 'truth') return { op: 'eq', value: true };
  if (kind === 'list') return { op: 'contains' };
  return { op: 'eq' };
}

function AttributeTest({ leaf, slot, onChange, close, ...shared }: Omit<LeafControlProps, 'leaf'> & { leaf: LeafOf<'attribute'> }) {
  const subject = useProfileSubject(leaf.path);
  return <TestControl {...shared} slot={slot} test={leaf.test} subject={subject} close={close} onChange={(test) => onChange({ ...leaf, test })} />;
}

const AT: Subject = { kind: 'date', kinds: ['date'], closedWords: undefined, wordKey: '', valuesOf: undefined };

function AskTest({ leaf, slot, onChange, close, of, event, ...shared }: Omit<LeafControlProps, 'leaf'> & { leaf: LeafOf<'pick'> | LeafOf<'orderPick'>; of: 'event' | 'order'; event: string }) {
  const { ask } = leaf;
  const subject = useFilterSubject(of, event, ask.kind === 'property' ? ask.property : '');
  return (
    <TestControl
      {...shared} slot={slot} test={ask.test} subject={ask.kind === 'at' ? AT : subject} instantsOnly={ask.kind === 'at'} close={close}
      onChange={(test) => onChange({ ...leaf, ask: { ...ask, test } })}
    />
  );
}

function EventCheck({ leaf, onChange, close, words }: { leaf: LeafOf<'did'>; onChange: (leaf: Leaf) => void; close: () => void; words: Words }) {
  const { items } = useProperties(leaf.event);
  const isDistinct = leaf.check.measure.kind === 'distinct';
  const fitting = items.filter((field) => isDistinct || field.kinds.includes('number'));
  const properties = (fitting.length > 0 ? fitting : items).map((field) => ({ value: field.name, label: sayField('property', field.name, words) }));
  return <CheckForm value={leaf.check} of="event" properties={properties} isMoney={false} close={close} onChange={(check) => onChange({ ...leaf, check })} />;
}

export function FilterControl({ filter, slot, of, event, onChange, close, ...shared }: Shared & {
  filter: Filter; slot: string; of: FilterOf; event: string; onChange: (filter: Filter) => void; close: () => void;
}) {
  const { t } = useTranslation('conditions');
  const subject = useFilterSubject(of, event, filter.property);
  if (slot === 'property') {
    return (
      <PropertyPick
        label={t('slot.property')} value={filter.property || undefined} words={shared.words} of={of} event={event}
        onPick={(property) => {
          const kind = of === 'order' ? orderField(property)?.kind : of === 'line' ? lineField(property)?.kind : undefined;
          const test: Test = kind === 'money' || kind === 'number' ? { op: 'gte' } : { op: 'eq' };
          onChange(property === filter.property ? filter : { ...filter, property, test });
          close();
        }}
      />
    );
  }
  return <TestControl {...shared} slot={slot} test={filter.test} subject={subject} close={close} onChange={(test) => onChange({ ...filter, test })} />;
}
