/** Fields that several kinds of steps have: lengths of time, times of day, events, filters, values, conditions. */
import {
  ActionIcon, Autocomplete, type AutocompleteProps, Button, Group, NumberInput, SegmentedControl, Select, Stack, TagsInput, Text, TextInput, type TextInputProps,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { useMay } from '../../../app/session';
import { type EventWords, useEventWords } from '../../../parts/events';
import { useEditor } from '../editor/store';
import { type Filter, inUnit, LIMITS, type Unit, UNITS, writeDuration } from '../model';

const stale = { staleTime: 60_000 };

/** What is wrong with a field of the journey, in words; null when nothing is. */
export function useProblem(path: string): string | null {
  const { t } = useTranslation('journeys');
  const problems = useEditor((state) => state.problems);
  const found = problems.find((one) => one.path === path);
  return found ? t(`problem.${found.code}`, { defaultValue: found.message ?? t('problem.other') }) : null;
}

/** As `useProblem`, of all places at or below a path. */
export function useProblemBelow(path: string): string | null {
  const { t } = useTranslation('journeys');
  const problems = useEditor((state) => state.problems);
  const found = problems.find((one) => one.path === path || one.path.startsWith(`${path}.`));
  return found ? t(`problem.${found.code}`, { defaultValue: found.message ?? t('problem.other') }) : null;
}

export function LineField({ path, value, onChange, ...more }: { path: string; value: unknown; onChange: (value: string) => void } & Omit<TextInputProps, 'value' | 'onChange'>) {
  return <TextInput {...more} value={typeof value === 'string' ? value : ''} error={useProblem(path)} onChange={(event) => onChange(event.currentTarget.value)} />;
}

export function DurationField({ path, value, onChange, label, description }: { path: string; value: unknown; onChange: (value: string) => void; label: string; description?: ReactNode }) {
  const { t } = useTranslation('journeys');
  const error = useProblem(path);
  const one = inUnit(value) ?? { count: 1, unit: 'd' as Unit };
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <NumberInput
        label={label} description={description} value={one.count} min={1} max={576_000} allowDecimal={false} error={error} style={{ flex: 1 }}
        onChange={(count) => onChange(writeDuration(Number(count) || 0, one.unit))}
      />
      <Select
        aria-label={t('field.unit')} label=" " w={110} data={UNITS.map((unit) => ({ value: unit, label: t(`unitName.${unit}`) }))} value={one.unit} allowDeselect={false}
        description={description ? ' ' : undefined} onChange={(unit) => unit && onChange(writeDuration(one.count, unit as Unit))}
      />
    </Group>
  );
}

export function ClockField({ path, value, onChange, label, description }: { path: string; value: unknown; onChange: (value: string) => void; label: string; description?: string }) {
  return (
    <TextInput
      type="time" label={label} description={description} value={typeof value === 'string' ? value : ''} error={useProblem(path)} onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** So long before or after something. */
export function OffsetField({ path, value, onChange, label, hours }: { path: string; value: unknown; onChange: (value: string | undefined) => void; label: string; hours?: boolean }) {
  const { t } = useTranslation('journeys');
  const error = useProblem(path);
  const told = typeof value === 'string' ? value : '';
  const isBefore = told.startsWith('-');
  const one = inUnit(told.replace(/^[+-]/, ''));
  const side = !one || one.count === 0 ? 'on' : isBefore ? 'before' : 'after';
  const unit = one?.unit ?? 'd';
  const write = (count: number, where: string, of: Unit): void => onChange(where === 'on' || count === 0 ? undefined : `${where === 'before' ? '-' : ''}${writeDuration(count, of)}`);
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>{label}</Text>
      <SegmentedControl
        aria-label={label} value={side} data={(['before', 'on', 'after'] as const).map((where) => ({ value: where, label: t(`offsetSide.${where}`) }))}
        onChange={(where) => write(one?.count || 1, where, unit)}
      />
      {side !== 'on' && (
        <Group gap="xs" wrap="nowrap">
          <NumberInput aria-label={t('field.count')} value={one?.count ?? 1} min={1} max={366} error={error} style={{ flex: 1 }} onChange={(count) => write(Number(count) || 1, side, unit)} />
          <Select
            aria-label={t('field.unit')} w={110} value={unit} allowDeselect={false} data={(hours ? (['h', 'd', 'w'] as const) : (['d', 'w'] as const)).map((one2) => ({ value: one2, label: t(`unitName.${one2}`) }))}
            onChange={(of) => of && write(one?.count ?? 1, side, of as Unit)}
          />
        </Group>
      )}
    </Stack>
  );
}

export function useEventNames(): string[] {
  const query = useQuery({ queryKey: ['catalog', 'events'], queryFn: () => call(api.GET('/api/v1/catalog/events', { params: { query: { limit: 200 } } })), ...stale });
  return useMemo(() => [...new Set([...(query.data?.items ?? []).map((one) => one.name), ...KNOWN_EVENTS])], [query.data]);
}

/** What shops send by the names of docs/tracking.md, offered before the first has come. */
const KNOWN_EVENTS = [
  'Signed Up', 'Product Viewed', 'Product Added', 'Product Removed', 'Cart Abandoned', 'Checkout Started', 'Order Completed', 'Order Shipped', 'Order Delivered', 'Order Cancelled',
  'Order Refunded', 'Product Reviewed', 'Form Submitted', 'Email Opened', 'Email Link Clicked', 'Unsubscribed', 'Consent Given',
];

/** What is forecast or learned of a customer and turns on its day. */
const FORESEEN = [
  'predicted.next_order_at', 'predicted.win_back_at', 'replenish.next', 'predicted.win_back_due', 'predicted.churn', 'predicted.buys_30d', 'predicted.alive', 'predicted.clv', 'rfm.group',
  'rfm.recency', 'lead.score', 'lead.grade', 'lead.status', 'favourite.category', 'preferred_channel',
];

export function useAttributeNames(): string[] {
  const may = useMay('people.read');
  const query = useQuery({ queryKey: ['catalog', 'attributes'], queryFn: () => call(api.GET('/api/v1/catalog/attributes')), enabled: may, ...stale });
  return useMemo(() => [...new Set([...(query.data?.items ?? []).map((one) => one.name), 'birthday', 'created_at', 'orders.first_at', 'orders.last_at', 'orders.count', 'orders.revenue', 'cart.total', ...FORESEEN])], [query.data]);
}

function usePropertyNames(event: string): string[] {
  const may = useMay('people.read');
  const query = useQuery({
    queryKey: ['catalog', 'properties', event], queryFn: () => call(api.GET('/api/v1/catalog/properties', { params: { query: { event } } })), enabled: may && event.trim() !== '', ...stale,
  });
  return useMemo(() => [...new Set((query.data?.items ?? []).map((one) => one.name))], [query.data]);
}

export function useTagNames(): string[] {
  const may = useMay('people.read');
  const query = useQuery({ queryKey: ['catalog', 'tags'], queryFn: () => call(api.GET('/api/v1/catalog/tags')), enabled: may, ...stale });
  return useMemo(() => [...new Set((query.data?.items ?? []).map((one) => String(one.value)))], [query.data]);
}

interface Named {
  path: string;
  label: string;
  value: unknown;
  onChange: (value: string) => void;
  description?: string;
  data: string[];
  more?: Partial<AutocompleteProps>;
}

/** A name that can be chosen or written. */
export function NameField({ path, label, value, onChange, description, data, more }: Named) {
  return <Autocomplete label={label} description={description} value={typeof value === 'string' ? value : ''} data={data} error={useProblem(path)} onChange={onChange} limit={40} maxLength={200} {...more} />;
}

/** What an event is called, below its name. */
export function told(events: EventWords, value: unknown): string | undefined {
  const said = typeof value === 'string' ? events.name(value) : '';
  return said === value ? undefined : said || undefined;
}

/** Events are chosen, and found, by what they are called and by their names. */
export function eventOptions(events: EventWords): Pick<AutocompleteProps, 'renderOption' | 'filter'> {
  return {
    renderOption: ({ option: { value } }) => (
      <div>
        <Text size="sm">{events.name(value)}</Text>
        {events.name(value) !== value && <Text size="xs" c="dimmed">{value}</Text>}
      </div>
    ),
    filter: ({ options, search, limit }) => {
      const wanted = search.trim().toLocaleLowerCase();
      const fits = (value: string): boolean => `${value} ${events.name(value)}`.toLocaleLowerCase().includes(wanted);
      return options.filter((one) => 'value' in one && fits(one.value)).slice(0, limit);
    },
  };
}

export function EventField(props: Omit<Named, 'data' | 'label'> & { label?: string }) {
  const { t } = useTranslation('journeys');
  const names = useEventNames();
  const events = useEventWords();
  return <NameField label={t('field.event')} description={told(events, props.value)} {...props} data={names} more={eventOptions(events)} />;
}

export function AttributeField(props: Omit<Named, 'data' | 'label'> & { label?: string }) {
  const { t } = useTranslation('journeys');
  return <NameField label={t('field.attribute')} {...props} data={useAttributeNames()} />;
}

const FILTER_OPS = [
  'eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'contains', 'not_contains', 'starts_with', 'ends_with', 'like', 'in', 'not_in', 'exists', 'not_exists', 'before', 'after', 'on', 'within_last',
  'older_than', 'within_next', 'further_than',
] as const;
const LISTS = new Set(['in', 'not_in']);
const NONE = new Set(['exists', 'not_exists']);
const NUMBERS = new Set(['gt', 'gte', 'lt', 'lte']);

/** What somebody typed, as what it most likely is. */
function scalar(told: string): unknown {
  if (/^-?\d{1,15}(\.\d+)?$/.test(told)) return Number(told);
  if (told === 'true' || told === 'false') return told === 'true';
  return told;
}

function shownValue(value: unknown): string {
  if (typeof value === 'object' && value !== null) return (value as { from?: string }).from ?? JSON.stringify(value);
  return value === undefined || value === null ? '' : String(value);
}

/** A literal, or something looked up when the step is reached. */
export function ValueField({ path, label, value, onChange, isList, isNumber }: { path: string; label: string; value: unknown; onChange: (value: unknown) => void; isList?: boolean; isNumber?: boolean }) {
  const { t } = useTranslation('journeys');
  const error = useProblem(path);
  const isFrom = typeof value === 'object' && value !== null && !Array.isArray(value) && 'from' in value;
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={500}>{label}</Text>
        <SegmentedControl
          size="xs" aria-label={t('value.kind')} value={isFrom ? 'from' : 'literal'} data={[{ value: 'literal', label: t('value.literal') }, { value: 'from', label: t('value.lookup') }]}
          onChange={(kind) => onChange(kind === 'from' ? { from: 'event.properties.' } : '')}
        />
      </Group>
      {isFrom ? (
        <TextInput aria-label={label} value={shownValue(value)} error={error} placeholder="event.properties.order_id" description={t('value.lookupText')} onChange={(event) => onChange({ from: event.currentTarget.value })} />
      ) : isList ? (
        <TagsInput aria-label={label} value={Array.isArray(value) ? value.map(String) : []} error={error} description={t('value.listText')} onChange={(told) => onChange(told.map(scalar))} />
      ) : (
        <TextInput aria-label={label} value={shownValue(value)} error={error} inputMode={isNumber ? 'decimal' : undefined} onChange={(event) => onChange(scalar(event.currentTarget.value))} />
      )}
    </Stack>
  );
}

/** Filters on the properties of an event: all of them have to hold. */
export function WhereField({ path, event, value, onChange }: { path: string; event: string; value: unknown; onChange: (value: Filter[] | undefined) => void }) {
  const { t } = useTranslation('journeys');
  const names = usePropertyNames(event);
  const filters = Array.isArray(value) ? (value as Filter[]) : [];
  const write = (made: Filter[]): void => onChange(made.length > 0 ? made : undefined);
  const change = (index: number, part: Partial<Filter>): void => write(filters.map((one, i) => (i === index ? { ...one, ...part } : one)));
  return (
    <Stack gap="xs">
      {filters.length > 0 && <Text size="sm" fw={500}>{t('where.label')}</Text>}
      {filters.map((filter, i) => (
        <Stack key={i} gap={8} p="sm" style={{ border: '1px solid var(--ql-line)', borderRadius: 10 }}>
          <Group gap="xs" wrap="nowrap" align="flex-end">
            <div style={{ flex: 1, minWidth: 0 }}>
              <NameField path={`${path}.where.${i}.property`} label={t('where.property')} value={filter.property} data={names} onChange={(property) => change(i, { property })} />
            </div>
            <ActionIcon size={34} aria-label={t('where.remove', { number: i + 1 })} onClick={() => write(filters.filter((_, at) => at !== i))}><IconTrash size={17} aria-hidden /></ActionIcon>
          </Group>
          <Select
            label={t('where.op')} value={filter.op} allowDeselect={false} data={FILTER_OPS.map((op) => ({ value: op, label: t(`op.${op}`) }))}
            onChange={(op) => {
              if (!op) return;
              if (NONE.has(op)) {
                const { value: _, ...more } = filter;
                write(filters.map((one, at) => (at === i ? { ...more, op } : one)));
              } else change(i, { op, value: LISTS.has(op) ? (Array.isArray(filter.value) ? filter.value : []) : Array.isArray(filter.value) ? '' : (filter.value ?? '') });
            }}
          />
          {!NONE.has(filter.op) && (
            <ValueField path={`${path}.where.${i}.value`} label={t('where.value')} value={filter.value} isList={LISTS.has(filter.op)} isNumber={NUMBERS.has(filter.op)} onChange={(told) => change(i, { value: told })} />
          )}
        </Stack>
      ))}
      {filters.length < LIMITS.filters && (
        <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={15} aria-hidden />} style={{ alignSelf: 'flex-start' }} onClick={() => write([...filters, { property: '', op: 'eq', value: '' }])}>
          {t('where.add')}
        </Button>
      )}
    </Stack>
  );
}
