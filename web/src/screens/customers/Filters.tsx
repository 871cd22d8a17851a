/** Filters that read as sentences. Pressing one opens it; each says what it lacks. */
import { Button, Checkbox, CloseButton, Group, Loader, Menu, MultiSelect, NumberInput, Popover, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { IconFilterPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { type Formats, minorDigits, useFormats } from '../../parts/format';
import { useWords, type Words } from '../../parts/Reason';
import classes from './customers.module.css';
import { CHANNELS, FIELDS, type Field, type Filter, GROUPS, IDENTIFIERS, STAGES } from './model';

export interface Names {
  segments: Map<string, string>;
  lists: Map<string, string>;
}

export function useNames(): Names {
  const segments = useQuery({
    queryKey: ['segments', 'names'],
    queryFn: async () => (await call(api.GET('/api/v1/segments', { params: { query: { limit: 500 } } }))).items,
  });
  const lists = useQuery({ queryKey: ['segments', 'lists'], queryFn: async () => (await call(api.GET('/api/v1/lists'))).items });
  return useMemo(() => ({
    segments: new Map((segments.data ?? []).map((one) => [one.id, one.name])),
    lists: new Map((lists.data ?? []).map((one) => [one.id, one.name])),
  }), [segments.data, lists.data]);
}

type Translate = (key: string, values?: Record<string, unknown>) => string;

function fieldOf(filter: Filter): Field {
  return FIELDS.find((one) => one.field === filter.field) ?? { field: filter.field, kind: 'flag', group: 'who' };
}

function valuesOf(filter: Filter, names: Names, words: Words): string[] {
  const say = (value: string) => {
    switch (filter.field) {
      case 'segment': return names.segments.get(value) ?? value;
      case 'list': return names.lists.get(value) ?? value;
      case 'stage': return words.stage(value);
      case 'identifier': return words.identifierKind(value);
      default: return value;
    }
  };
  return (filter.any ?? []).map(say);
}

/** A filter in words: its subject, and the rest of the sentence. */
export function sentence(filter: Filter, names: Names, t: Translate, words: Words, formats: Formats): [string, string] {
  const { kind } = fieldOf(filter);
  const not = filter.not ? 'not' : 'is';
  const field = t(`field.${filter.field}`);
  if (kind === 'choice' || kind === 'segment') {
    const values = valuesOf(filter, names, words).join(t('orBetween'));
    const verb = filter.field === 'stage' ? 'equals' : filter.field === 'identifier' || filter.field === 'tag' ? 'has' : 'in';
    return [field, t(`says.${verb}.${not}`, { values })];
  }
  if (kind === 'consent') {
    const channel = words.channelWithin(filter.channel ?? 'email');
    return [field, t(`says.consent.${filter.state ?? 'granted'}`, { channel })];
  }
  if (kind === 'number' || kind === 'money') {
    const say = (value: number) => (kind === 'money' ? formats.money(value) : formats.number(value));
    const { min, max } = filter;
    if (min !== undefined && min !== null && max !== undefined && max !== null) return [field, min === max ? t('says.exactly', { value: say(min) }) : t('says.between', { min: say(min), max: say(max) })];
    if (min !== undefined && min !== null) return [field, t('says.atLeast', { value: say(min) })];
    return [field, t('says.atMost', { value: say(max ?? 0) })];
  }
  if (kind === 'instant') {
    if (filter.never) return [field, t('says.never')];
    if (filter.within_days) return [field, t('says.within', { count: filter.within_days })];
    if (filter.beyond_days) return [field, t('says.beyond', { count: filter.beyond_days })];
    const say = (day: string) => formats.date(`${day}T12:00:00Z`);
    if (filter.from && filter.to) return [field, t('says.between', { min: say(filter.from), max: say(filter.to) })];
    if (filter.from) return [field, t('says.since', { value: say(filter.from) })];
    return [field, t('says.until', { value: say(filter.to ?? '') })];
  }
  return [field, t(`says.flag.${not}`)];
}

function Choices({ filter, set }: { filter: Filter; set: (filter: Filter) => void }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const names = useNames();
  const facets = useQuery({ queryKey: ['people', 'facets'], queryFn: () => call(api.GET('/api/v1/people/facets')), staleTime: 60_000 });
  const formats = useFormats();
  const counted = (found: { value: string; count: number }[] | undefined, say: (value: string) => string) =>
    (found ?? []).map((one) => ({ value: one.value, label: `${say(one.value)} (${formats.number(one.count)})` }));
  const any = filter.any ?? [];
  const options = (() => {
    switch (filter.field) {
      case 'segment': return [...names.segments].map(([value, label]) => ({ value, label }));
      case 'list': return [...names.lists].map(([value, label]) => ({ value, label }));
      case 'stage': return STAGES.map((value) => ({ value: value as string, label: words.stage(value) }));
      case 'identifier': {
        const known = new Map(counted(facets.data?.identifiers, words.identifierKind).map((one) => [one.value, one]));
        for (const kind of IDENTIFIERS) if (!known.has(kind)) known.set(kind, { value: kind, label: words.identifierKind(kind) });
        return [...known.values()];
      }
      default: return counted(facets.data?.tags, (value) => value);
    }
  })();
  const known = new Set(options.map((one) => one.value));
  const [isOpen, setOpen] = useState(false);
  return (
    <MultiSelect
      data-autofocus searchable clearable label={t(`field.${filter.field}`)} hidePickedOptions maxDropdownHeight={260} comboboxProps={{ withinPortal: false }}
      data={[...options, ...any.filter((value) => !known.has(value)).map((value) => ({ value, label: value }))]}
      value={any} onChange={(values) => { set({ ...filter, any: values }); setOpen(false); }} dropdownOpened={isOpen} onDropdownOpen={() => setOpen(true)} onDropdownClose={() => setOpen(false)} onSearchChange={(text) => text && setOpen(true)} rightSection={facets.isFetching ? <Loader size="xs" /> : undefined}
      nothingFoundMessage={t('nothingToChoose')} placeholder={any.length === 0 ? t('chooseSome') : undefined}
    />
  );
}

type Span = 'within' | 'beyond' | 'between' | 'never';

function spanOf(filter: Filter): Span {
  if (filter.never) return 'never';
  if (filter.beyond_days) return 'beyond';
  return filter.from || filter.to ? 'between' : 'within';
}

function Editor({ filter, set }: { filter: Filter; set: (filter: Filter) => void }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const formats = useFormats();
  const { kind } = fieldOf(filter);
  const digits = kind === 'money' ? minorDigits(formats.currency) : 0;
  const unit = 10 ** digits;
  if (kind === 'choice' || kind === 'segment') {
    return (
      <>
        <SegmentedControl
          fullWidth value={filter.not ? 'not' : 'is'} onChange={(value) => set({ ...filter, not: value === 'not' })}
          data={[{ value: 'is', label: t('isOne') }, { value: 'not', label: t('isNone') }]}
        />
        <Choices filter={filter} set={set} />
      </>
    );
  }
  if (kind === 'consent') {
    return (
      <>
        <Select label={t('channel')} allowDeselect={false} comboboxProps={{ withinPortal: false }} data={CHANNELS.map((value) => ({ value, label: words.channel(value) }))} value={filter.channel ?? 'email'} onChange={(value) => set({ ...filter, channel: value ?? 'email' })} />
        <Select
          label={t('consentState')} allowDeselect={false} comboboxProps={{ withinPortal: false }} value={filter.state ?? 'granted'} onChange={(value) => set({ ...filter, state: value ?? 'granted' })}
          data={['granted', 'pending', 'denied'].map((value) => ({ value, label: words.consentState(value) }))}
        />
        <Checkbox label={t('turnedRound')} checked={filter.not ?? false} onChange={(event) => set({ ...filter, not: event.currentTarget.checked })} />
      </>
    );
  }
  if (kind === 'number' || kind === 'money') {
    const number = (name: 'min' | 'max') => (
      <NumberInput
        label={t(name)} min={0} decimalScale={digits} thousandSeparator={formats.locale === 'vi-VN' ? '.' : ','} decimalSeparator={formats.locale === 'vi-VN' ? ',' : '.'}
        suffix={kind === 'money' ? ` ${formats.currency}` : undefined} value={filter[name] === undefined || filter[name] === null ? '' : (filter[name] as number) / unit}
        onChange={(value) => set({ ...filter, [name]: value === '' ? undefined : Math.round(Number(value) * unit) })} data-autofocus={name === 'min' || undefined}
      />
    );
    return <Group grow wrap="nowrap">{number('min')}{number('max')}</Group>;
  }
  if (kind === 'instant') {
    const span = spanOf(filter);
    const turned = (to: Span): Filter => {
      const bare = { field: filter.field };
      if (to === 'never') return { ...bare, never: true };
      if (to === 'within') return { ...bare, within_days: 30 };
      if (to === 'beyond') return { ...bare, beyond_days: 90 };
      return { ...bare, from: new Date().toISOString().slice(0, 10) };
    };
    const spans: Span[] = filter.field === 'created' ? ['within', 'beyond', 'between'] : ['within', 'beyond', 'between', 'never'];
    return (
      <>
        <Select label={t('when')} allowDeselect={false} comboboxProps={{ withinPortal: false }} data={spans.map((value) => ({ value, label: t(`span.${value}`) }))} value={span} onChange={(value) => set(turned((value ?? 'within') as Span))} />
        {(span === 'within' || span === 'beyond') && (
          <NumberInput
            label={t('days')} min={1} max={3_650} data-autofocus value={(span === 'within' ? filter.within_days : filter.beyond_days) ?? ''}
            onChange={(value) => set({ field: filter.field, [span === 'within' ? 'within_days' : 'beyond_days']: Number(value) || undefined })}
          />
        )}
        {span === 'between' && (
          <Group grow wrap="nowrap">
            <DateInput label={t('from')} valueFormat="DD/MM/YYYY" clearable popoverProps={{ withinPortal: false }} value={filter.from ?? null} onChange={(value) => set({ ...filter, from: value ?? undefined })} />
            <DateInput label={t('to')} valueFormat="DD/MM/YYYY" clearable popoverProps={{ withinPortal: false }} value={filter.to ?? null} onChange={(value) => set({ ...filter, to: value ?? undefined })} />
          </Group>
        )}
      </>
    );
  }
  return (
    <SegmentedControl
      fullWidth value={filter.not ? 'not' : 'is'} onChange={(value) => set({ ...filter, not: value === 'not' })}
      data={[{ value: 'is', label: t('yes') }, { value: 'not', label: t('no') }]}
    />
  );
}

export function isWhole(filter: Filter): boolean {
  const { kind } = fieldOf(filter);
  if (kind === 'choice' || kind === 'segment') return (filter.any ?? []).length > 0;
  if (kind === 'number' || kind === 'money') return (filter.min ?? filter.max ?? null) !== null;
  if (kind === 'instant') return Boolean(filter.never || filter.within_days || filter.beyond_days || filter.from || filter.to);
  return true;
}

function begun(field: Field): Filter {
  if (field.kind === 'instant') return { field: field.field, within_days: 30 };
  if (field.kind === 'consent') return { field: field.field, channel: 'email', state: 'granted' };
  return { field: field.field };
}

function Edited({ filter, done, children, opened, setOpened }: {
  filter: Filter; done: (filter: Filter) => void; children: React.ReactNode; opened: boolean; setOpened: (opened: boolean) => void;
}) {
  const { t } = useTranslation('customers');
  const [draft, setDraft] = useState(filter);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isWhole(draft)) return;
    done(draft);
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} onOpen={() => setDraft(filter)} position="bottom-start" width={340} trapFocus returnFocus withinPortal shadow="md" radius="md">
      <Popover.Target>{children}</Popover.Target>
      <Popover.Dropdown aria-label={t(`field.${filter.field}`)}>
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Text fw={600} size="sm">{t(`field.${filter.field}`)}</Text>
            <Editor filter={draft} set={setDraft} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" size="xs" onClick={() => setOpened(false)}>{t('common:cancel')}</Button>
              <Button type="submit" size="xs" disabled={!isWhole(draft)}>{t('apply')}</Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function Chip({ filter, names, set, remove }: { filter: Filter; names: Names; set: (filter: Filter) => void; remove: () => void }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const formats = useFormats();
  const [opened, setOpened] = useState(false);
  const [field, rest] = sentence(filter, names, t as Translate, words, formats);
  return (
    <div className={classes.chip}>
      <Edited filter={filter} done={set} opened={opened} setOpened={setOpened}>
        <button type="button" className={classes.chipText} onClick={() => setOpened(!opened)} aria-expanded={opened} title={`${field} ${rest}`}>
          {field} <b>{rest}</b>
        </button>
      </Edited>
      <CloseButton size="sm" radius="xl" mr={4} onClick={remove} aria-label={t('removeFilter', { filter: `${field} ${rest}` })} />
    </div>
  );
}

export function Filters({ filters, set, names }: { filters: Filter[]; set: (filters: Filter[]) => void; names: Names }) {
  const { t } = useTranslation('customers');
  const [fresh, setFresh] = useState<Filter | null>(null);
  const menu = (
    <Menu position="bottom-start" width={250} withinPortal>
      <Menu.Target>
        <Button variant="default" leftSection={<IconFilterPlus size={16} aria-hidden />} px="sm">{t('addFilter')}</Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
        {GROUPS.map((group) => (
          <div key={group}>
            <Menu.Label>{t(`fieldGroup.${group}`)}</Menu.Label>
            {FIELDS.filter((one) => one.group === group).map((field) => (
              <Menu.Item key={field.field} onClick={() => (field.kind === 'flag' ? set([...filters, { field: field.field }]) : setTimeout(() => setFresh(begun(field))))}>
                {t(`field.${field.field}`)}
              </Menu.Item>
            ))}
          </div>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <>
      {filters.map((filter, at) => (
        <Chip
          key={`${filter.field}-${at}`} filter={filter} names={names}
          set={(changed) => set(filters.map((one, here) => (here === at ? changed : one)))}
          remove={() => set(filters.filter((_, here) => here !== at))}
        />
      ))}
      {fresh ? (
        <Edited
          filter={fresh} opened setOpened={(opened) => !opened && setFresh(null)}
          done={(filter) => { setFresh(null); set([...filters, filter]); }}
        >
          <Button variant="light" px="sm">{t(`field.${fresh.field}`)}…</Button>
        </Edited>
      ) : menu}
      {filters.length > 1 && <Button variant="subtle" px="xs" onClick={() => set([])}>{t('clearFilters')}</Button>}
    </>
  );
}

