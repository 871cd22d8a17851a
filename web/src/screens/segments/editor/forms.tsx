/** What opens below the words of a sentence: numbers, spans of time, dates, windows, values. */
import '@mantine/dates/styles.css';
import { Button, Chip, Group, NumberInput, Radio, Select, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useDebouncedValue } from '@mantine/hooks';
import 'dayjs/locale/vi';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../../parts/format';
import {
  MEASURES, NUMBER_OPS, PERIODS, isNumeric, isReference, sayOperand, spans, wants,
  type Check, type ConditionContext, type Kind, type Measure, type NumberOp, type Operand, type Scalar, type Test, type Unit, type Window, type Words,
} from '../grammar';
import { type ValuesOf, useValues } from './catalog';
import { type Option, OptionPicker } from './OptionPicker';

const UNITS: Unit[] = ['m', 'h', 'd', 'w'];

function useSeparators() {
  const { locale } = useFormats();
  return locale === 'vi-VN' ? { thousandSeparator: '.', decimalSeparator: ',' } : { thousandSeparator: ',', decimalSeparator: '.' };
}

/** A number with the separators of the language. */
export function NumberField({ label, value, onChange, suffix, min, max, autoFocus, onEnter, decimals = 4 }: {
  label: string; value: number | undefined; onChange: (value: number | undefined) => void; suffix?: string | undefined; min?: number; max?: number; autoFocus?: boolean;
  onEnter?: () => void; decimals?: number;
}) {
  const separators = useSeparators();
  return (
    <NumberInput
      size="sm" label={label} value={value ?? ''} {...separators} suffix={suffix} min={min} max={max} decimalScale={decimals} data-autofocus={autoFocus || undefined} style={{ flex: 1 }}
      onChange={(told) => onChange(typeof told === 'number' && Number.isFinite(told) ? told : undefined)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') {
          event.preventDefault();
          onEnter?.();
        }
      }}
    />
  );
}

/** A length of time: a number and its unit; what has several parts is written out. */
export function SpanField({ label, value, onChange, autoFocus, onEnter, daysOnly }: {
  label: string; value: string; onChange: (value: string) => void; autoFocus?: boolean; onEnter?: () => void; daysOnly?: boolean;
}) {
  const { t } = useTranslation('conditions');
  const parts = spans(value);
  if (parts && parts.length > 1) {
    return (
      <TextInput
        size="sm" label={label} description={t('ui.span_help')} value={value} data-autofocus={autoFocus || undefined} onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && onEnter?.()}
      />
    );
  }
  const { n, unit } = parts?.[0] ?? { n: undefined, unit: 'd' as Unit };
  const units = (unit === 's' ? [...UNITS, 's' as Unit] : UNITS).map((one) => ({ value: one, label: t(`unit.${one}`) }));
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <NumberField label={label} value={n} min={0} decimals={0} autoFocus={autoFocus ?? false} {...(onEnter ? { onEnter } : {})} onChange={(next) => onChange(next === undefined ? '' : `${next}${unit}`)} {...(daysOnly ? { suffix: ` ${t('unit.d')}` } : {})} />
      {!daysOnly && (
        <Select
          size="sm" w={110} aria-label={t('ui.unit')} data={units} value={unit} allowDeselect={false} comboboxProps={{ withinPortal: false }}
          onChange={(next) => next && onChange(`${n ?? 1}${next}`)}
        />
      )}
    </Group>
  );
}

const asDate = (value: string | undefined): string | null => (value && /^\d{4}-\d{2}-\d{2}/.test(value) ? value.slice(0, 10) : null);

/** A date; an instant that somebody wrote stays one until it is changed. */
export function DateField({ label, value, onChange, autoFocus, clearable }: {
  label: string; value: string | undefined; onChange: (value: string | undefined) => void; autoFocus?: boolean; clearable?: boolean;
}) {
  const { t, i18n } = useTranslation('conditions');
  return (
    <DateInput
      size="sm" label={label} placeholder={t('ui.date_format')} valueFormat="DD/MM/YYYY" locale={i18n.language} firstDayOfWeek={1} value={asDate(value)} clearable={clearable ?? false} data-autofocus={autoFocus || undefined}
      popoverProps={{ withinPortal: false }} onChange={(next) => onChange(next ?? undefined)} {...(value && value.length > 10 ? { description: value } : {})}
    />
  );
}

export function Done({ close }: { close: () => void }) {
  const { t } = useTranslation('common');
  return <Group justify="flex-end"><Button size="compact-sm" onClick={close}>{t('done')}</Button></Group>;
}

/** Which part of the past counts. */
export function WindowForm({ value, onChange, close }: { value: Window | undefined; onChange: (value: Window | undefined) => void; close: () => void }) {
  const { t } = useTranslation('conditions');
  const kind = value?.kind ?? 'ever';
  const set = (next: string): void => {
    if (next === 'ever') onChange(undefined);
    else if (next === 'last') onChange({ kind: 'last', last: '30d' });
    else if (next === 'this') onChange({ kind: 'this', period: 'month' });
    else if (next === 'ago') onChange({ kind: 'ago', from: '60d', to: '30d' });
    else onChange({ kind: 'between' });
  };
  return (
    <Stack gap="sm">
      <Radio.Group value={kind} onChange={set} aria-label={t('slot.window')}>
        <Stack gap={8}>
          {(['ever', 'last', 'this', 'between', 'ago'] as const).map((one, at) => (
            <Radio key={one} value={one} label={t(`window_kind.${one}`)} size="sm" data-autofocus={(kind === one && at >= 0) || undefined} />
          ))}
        </Stack>
      </Radio.Group>
      {value?.kind === 'last' && (
        <>
          <SpanField label={t('ui.how_long')} value={value.last} onChange={(last) => onChange({ kind: 'last', last })} onEnter={close} />
          <Group gap={6}>
            {['7d', '30d', '60d', '90d', '180d', '365d'].map((last) => (
              <Chip key={last} size="xs" checked={value.last === last} onChange={() => onChange({ kind: 'last', last })}>{t('span.d', { count: Number.parseInt(last, 10), n: Number.parseInt(last, 10) })}</Chip>
            ))}
          </Group>
        </>
      )}
      {value?.kind === 'this' && (
        <Select
          size="sm" label={t('ui.period')} value={value.period} allowDeselect={false} comboboxProps={{ withinPortal: false }}
          data={PERIODS.map((period) => ({ value: period, label: t(`period.${period}`) }))} onChange={(period) => period && onChange({ kind: 'this', period: period as (typeof PERIODS)[number] })}
        />
      )}
      {value?.kind === 'between' && (
        <Stack gap="xs">
          <DateField label={t('ui.from_date')} value={value.from} clearable onChange={(from) => onChange({ ...value, from })} />
          <DateField label={t('ui.to_date')} value={value.to} clearable onChange={(to) => onChange({ ...value, to })} />
        </Stack>
      )}
      {value?.kind === 'ago' && (
        <Stack gap="xs">
          <SpanField label={t('ui.from_ago')} value={value.from} onChange={(from) => onChange({ ...value, from })} onEnter={close} />
          <SpanField label={t('ui.to_ago')} value={value.to} onChange={(to) => onChange({ ...value, to })} onEnter={close} />
        </Stack>
      )}
      <Done close={close} />
    </Stack>
  );
}

/** How often, or how much. */
export function CheckForm({ value, onChange, close, of, properties, isMoney }: {
  value: Check; onChange: (value: Check) => void; close: () => void;
  /** `count`: nothing but counting. */
  of: 'event' | 'order' | 'count'; properties: { value: string; label: string }[]; isMoney: boolean;
}) {
  const { t } = useTranslation('conditions');
  const { currency } = useFormats();
  const setMeasure = (kind: string): void => {
    if (kind === 'count') onChange({ ...value, measure: { kind: 'count' }, value: value.value ?? 1 });
    else onChange({ ...value, measure: { kind, property: value.measure.kind === 'count' ? '' : value.measure.property } as Measure });
  };
  const kinds = [{ value: 'count', label: t(of === 'order' ? 'measure_kind.count_orders' : 'measure_kind.count') }, ...MEASURES.map((kind) => ({ value: kind as string, label: t(`measure_kind.${kind}`) }))];
  const chosen = value.measure.kind === 'count' ? '' : value.measure.property;
  const choices = chosen && !properties.some((one) => one.value === chosen) ? [...properties, { value: chosen, label: chosen }] : properties;
  return (
    <Stack gap="sm">
      {of !== 'count' && (
        <Select size="sm" label={t('ui.what_counts')} data={kinds} value={value.measure.kind} allowDeselect={false} comboboxProps={{ withinPortal: false }} onChange={(kind) => kind && setMeasure(kind)} />
      )}
      {value.measure.kind !== 'count' && (
        <PropertySelect label={t('slot.property')} choices={choices} value={chosen} onChange={(property) => onChange({ ...value, measure: { kind: value.measure.kind as (typeof MEASURES)[number], property } })} />
      )}
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <Select
          size="sm" w={140} label={t('ui.compare')} value={value.op} allowDeselect={false} comboboxProps={{ withinPortal: false }} data={NUMBER_OPS.map((op) => ({ value: op, label: t(`amount_op.${op}`) }))}
          onChange={(op) => op && onChange({ ...value, op: op as NumberOp })}
        />
        <NumberField label={t('ui.number')} value={value.value} autoFocus onEnter={close} onChange={(next) => onChange({ ...value, value: next })} {...(isMoney ? { suffix: ` ${currency}` } : {})} />
      </Group>
      <Done close={close} />
    </Stack>
  );
}

function PropertySelect({ label, choices, value, onChange }: { label: string; choices: { value: string; label: string }[]; value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation('conditions');
  const [typed, setTyped] = useState('');
  const isNew = typed.trim() !== '' && !choices.some((one) => one.value === typed.trim() || one.label === typed.trim());
  const data = isNew ? [...choices, { value: typed.trim(), label: t('ui.use', { text: typed.trim() }) }] : choices;
  return (
    <Select
      size="sm" label={label} searchable placeholder={t('blank.property')} data={data} value={value || null} allowDeselect={false} onSearchChange={setTyped} comboboxProps={{ withinPortal: false }}
      nothingFoundMessage={t('ui.no_option')} onChange={(next) => next && onChange(next)}
    />
  );
}

export interface ValueFormProps {
  test: Test;
  kind: Kind | undefined;
  /** What the shop's data says the values are. */
  kinds: readonly string[];
  closedWords: readonly string[] | undefined;
  wordKey: string;
  valuesOf: ValuesOf | undefined;
  words: Words;
  context: ConditionContext;
  label: string;
  onChange: (value: Operand | undefined) => void;
  close: () => void;
}

/** What is compared with. */
export function ValueForm(props: ValueFormProps) {
  const { test, onChange, close } = props;
  const { t } = useTranslation('conditions');
  const [isReferring, setReferring] = useState(isReference(test.value));
  const kind = wants(test.op);
  const toggle = (
    <Switch
      size="xs" label={t('ui.from_elsewhere')} checked={isReferring}
      onChange={(event) => {
        setReferring(event.currentTarget.checked);
        onChange(undefined);
      }}
    />
  );
  if (isReferring) {
    return (
      <Stack gap="sm">
        <ReferenceForm {...props} />
        {toggle}
        <Done close={close} />
      </Stack>
    );
  }
  const isNumber = isNumeric(props.kind) || (props.kind === undefined && props.kinds[0] === 'number');
  if (kind === 'number' || (kind === 'one' && isNumber)) {
    return (
      <Stack gap="sm">
        <NumberValue {...props} />
        {toggle}
        <Done close={close} />
      </Stack>
    );
  }
  if (kind === 'many') {
    return (
      <Stack gap="sm">
        <ManyValues {...props} isNumber={isNumber} />
        <Done close={close} />
      </Stack>
    );
  }
  if (kind === 'date') {
    return (
      <Stack gap="sm">
        <DateField label={props.label} value={typeof test.value === 'string' ? test.value : undefined} autoFocus onChange={onChange} />
        {toggle}
        <Done close={close} />
      </Stack>
    );
  }
  if (kind === 'span' || kind === 'days') {
    return (
      <Stack gap="sm">
        <SpanField label={t('ui.how_long')} value={typeof test.value === 'string' ? test.value : ''} onChange={(next) => onChange(next === '' ? undefined : next)} autoFocus onEnter={close} daysOnly={kind === 'days'} />
        <Done close={close} />
      </Stack>
    );
  }
  return <OneValue {...props} toggle={toggle} />;
}

function NumberValue({ test, kind, label, onChange, close }: ValueFormProps) {
  const { t } = useTranslation('conditions');
  const { currency } = useFormats();
  const held = typeof test.value === 'number' ? test.value : undefined;
  if (kind === 'share') {
    // People write percent; what is stored is the share, without the dust of the division.
    const percent = held === undefined ? undefined : Math.round(held * 1e6) / 1e4;
    return (
      <NumberField
        label={label} value={percent} min={0} max={100} decimals={2} suffix="%" autoFocus onEnter={close}
        onChange={(next) => onChange(next === undefined ? undefined : Math.round(next * 1e4) / 1e6)}
      />
    );
  }
  const suffix = kind === 'money' ? ` ${currency}` : kind === 'days' ? ` ${t('unit.d')}` : kind === 'minutes' ? ` ${t('unit.m')}` : undefined;
  return <NumberField label={label} value={held} autoFocus onEnter={close} onChange={onChange} suffix={suffix} {...(kind === 'hour' ? { min: 0, max: 23, decimals: 0 } : {})} />;
}

function useChoices({ closedWords, wordKey, valuesOf, kind, words }: ValueFormProps, typed: string): { options: (Option & { raw: Scalar })[]; isLoading: boolean } {
  const [search] = useDebouncedValue(typed, 250);
  const { items, isLoading } = useValues(closedWords ? undefined : valuesOf, search.trim());
  const { number } = useFormats();
  if (closedWords) {
    return { options: closedWords.map((word) => ({ value: JSON.stringify(word), raw: word, label: sayOperand(word, kind, wordKey, words) ?? word })), isLoading: false };
  }
  const scalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);
  const options = items.flatMap((item) => {
    if (!scalar(item.value)) return [];
    const said = sayOperand(item.value, kind, wordKey, words) ?? String(item.value);
    return [{ value: JSON.stringify(item.value), raw: item.value, label: item.label ?? said, text: item.label ? said : undefined, note: number(item.count) }];
  });
  return { options, isLoading };
}

function OneValue(props: ValueFormProps & { toggle: React.ReactNode }) {
  const { t } = useTranslation('conditions');
  const { test, kind, onChange, close, label } = props;
  const [typed, setTyped] = useState('');
  const { options, isLoading } = useChoices(props, typed);
  const truths: (Option & { raw: Scalar })[] = [true, false].map((raw) => ({ value: JSON.stringify(raw), raw, label: t(raw ? 'truth.yes' : 'truth.no') }));
  const all = kind === 'truth' || props.kinds[0] === 'truth' ? truths : options;
  const current = isReference(test.value) || Array.isArray(test.value) || test.value === undefined ? undefined : JSON.stringify(test.value);
  const take = (value: Scalar): void => {
    onChange(value);
    close();
  };
  // A value that is not in the sample is still shown.
  const shown = current !== undefined && typed === '' && !all.some((one) => one.value === current)
    ? [{ value: current, raw: JSON.parse(current) as Scalar, label: sayOperand(JSON.parse(current) as Scalar, kind, props.wordKey, props.words) ?? current }, ...all]
    : all;
  return (
    <OptionPicker
      label={label} options={shown} value={current} isLoading={isLoading} onSearch={setTyped} onPick={(picked) => take(JSON.parse(picked) as Scalar)}
      create={{ text: (text) => t('ui.use', { text }), pick: take }} footer={props.toggle}
    />
  );
}

function ManyValues({ isNumber, ...props }: ValueFormProps & { isNumber: boolean }) {
  const { t } = useTranslation('conditions');
  const { test, onChange, kind, wordKey, words, label } = props;
  const [typed, setTyped] = useState('');
  const { options } = useChoices(props, typed);
  const said = (value: Scalar): string => (typeof value === 'string' ? (sayOperand(value, kind, wordKey, words) ?? value) : String(value));
  const values = Array.isArray(test.value) ? test.value : [];
  const known = new Map<string, Scalar>([...options.map((one) => [said(one.raw), one.raw] as const), ...values.map((one) => [said(one), one] as const)]);
  const read = (text: string): Scalar => known.get(text) ?? (isNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  return (
    <TagsInput
      size="sm" label={label} description={t('ui.many_help')} data={[...new Set(options.map((one) => said(one.raw)))]} value={values.map(said)} searchValue={typed} onSearchChange={setTyped} data-autofocus
      splitChars={['\n', ';']} comboboxProps={{ withinPortal: false }} maxTags={1000} clearable onChange={(texts) => onChange(texts.map(read))}
    />
  );
}

const ROOTS = ['profile', 'event', 'awaited'] as const;

/** Something that is looked up when it is asked: a field of the customer or of the event. */
function ReferenceForm({ test, onChange, context }: ValueFormProps) {
  const { t } = useTranslation('conditions');
  const told = isReference(test.value) ? test.value.from : '';
  const dot = told.indexOf('.');
  const root = (dot > 0 ? told.slice(0, dot) : 'profile') as (typeof ROOTS)[number];
  const rest = dot > 0 ? told.slice(dot + 1).replace(/^properties\./, '') : '';
  const roots = ROOTS.filter((one) => one === 'profile' || context === 'journey' || (context === 'event' && one === 'event'));
  const set = (nextRoot: string, path: string): void => {
    if (path === '') onChange(undefined);
    else onChange({ from: nextRoot === 'profile' ? `profile.${path}` : path === 'name' || path === 'at' ? `${nextRoot}.${path}` : `${nextRoot}.properties.${path}` });
  };
  const [kept, setKept] = useState(root);
  return (
    <Stack gap="xs">
      <Select
        size="sm" label={t('ui.taken_from')} value={kept} allowDeselect={false} comboboxProps={{ withinPortal: false }} data={roots.map((one) => ({ value: one, label: t(`ui.root_${one}`) }))}
        onChange={(next) => {
          if (!next) return;
          setKept(next as (typeof ROOTS)[number]);
          set(next, rest);
        }}
      />
      <TextInput size="sm" label={t('slot.property')} value={rest} placeholder="order_id" data-autofocus onChange={(event) => set(kept, event.currentTarget.value)} />
      <Text size="xs" c="dimmed">{t('ui.reference_help')}</Text>
    </Stack>
  );
}
