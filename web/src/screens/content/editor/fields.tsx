/** What can be inserted into a text: the fields of the message, and what the shop's own data holds. */
import { ActionIcon, Loader, Popover, ScrollArea, Stack, Text, TextInput, Textarea, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBraces } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ChangeEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { useEventWords } from '../../../parts/events';
import { printed } from '../model';
import { MONEY, STANDARD } from './names';
import classes from '../content.module.css';

export interface Field {
  group: string;
  path: string;
  label: string;
  /** What stands there for somebody who lacks it. */
  or?: string;
  example?: string;
  liquid: string;
}

export function useFields(): { fields: Field[]; isPending: boolean } {
  const { t } = useTranslation('content');
  const attributes = useQuery({
    queryKey: ['people', 'attributes'],
    queryFn: () => call(api.GET('/api/v1/catalog/attributes')),
    staleTime: 5 * 60_000,
  });
  const or = (key?: string) => (key === 'hash' ? '#' : key ? t(`or.${key}`) : undefined);
  const fields: Field[] = [
    ...STANDARD.map(([group, path, key, fallback]) => ({
      group, path, label: t(`field.${key}`), or: or(fallback), liquid: printed(path, or(fallback)),
    })),
    ...MONEY.map(([group, path, key]) => ({
      group, path, label: t(`field.${key}`), liquid: `{% if ${path} %}{{ ${path} | money }}{% endif %}`,
    })),
    ...(attributes.data?.items ?? []).filter((one) => !one.list).map((one) => ({
      group: 'attribute', path: `customer.${one.name}`, label: one.name, or: or('dash'),
      example: one.examples[0] === undefined ? undefined : String(one.examples[0]),
      liquid: printed(`customer.${one.name}`, or('dash')),
    })),
  ];
  return { fields, isPending: attributes.isPending };
}

export const FIELD_GROUPS = ['customer', 'attribute', 'predicted', 'cart', 'order', 'shop', 'links'] as const;

/** A button that opens the list of fields. */
export function FieldMenu({ pick, label }: { pick: (field: Field) => void; label?: string }) {
  const { t } = useTranslation('content');
  const [opened, { toggle, close, open }] = useDisclosure();
  return (
    <Popover opened={opened} onChange={(now) => (now ? open() : close())} width={320} position="bottom-end" withinPortal shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label={label ?? t('insertField')}>
          <ActionIcon variant="subtle" size="md" aria-label={label ?? t('insertField')} aria-expanded={opened} onMouseDown={(event) => event.preventDefault()} onClick={toggle}>
            <IconBraces size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="xs">{opened && <FieldList pick={(field) => { pick(field); close(); }} />}</Popover.Dropdown>
    </Popover>
  );
}

function FieldList({ pick }: { pick: (field: Field) => void }) {
  const { t } = useTranslation('content');
  const { fields, isPending } = useFields();
  const [search, setSearch] = useState('');
  const [event, setEvent] = useState('');
  const wanted = search.trim().toLocaleLowerCase('vi');
  const fits = (field: Field) => !wanted || `${field.label} ${field.path}`.toLocaleLowerCase('vi').includes(wanted);
  const shown = fields.filter(fits);
  return (
    <Stack gap="xs">
      <TextInput data-autofocus size="xs" label={t('findField')} value={search} onChange={(change) => setSearch(change.currentTarget.value)} />
      <ScrollArea.Autosize mah={280} type="auto">
        {FIELD_GROUPS.map((group) => {
          const own = shown.filter((field) => field.group === group);
          if (own.length === 0) return null;
          return (
            <div key={group} role="group" aria-label={t(`fieldGroup.${group}`)}>
              <Text size="xs" fw={600} c="dimmed" px={6} pt={6}>{t(`fieldGroup.${group}`)}</Text>
              {own.map((field) => (
                <UnstyledButton key={field.path} className={classes.fieldRow} onClick={() => pick(field)}>
                  <Text size="sm">{field.label}</Text>
                  <Text size="xs" c="dimmed" truncate>{field.example ?? field.path}</Text>
                </UnstyledButton>
              ))}
            </div>
          );
        })}
        {isPending && <Loader size="xs" m="xs" />}
      </ScrollArea.Autosize>
      <EventFields event={event} setEvent={setEvent} pick={pick} />
    </Stack>
  );
}

function EventFields({ event, setEvent, pick }: { event: string; setEvent: (event: string) => void; pick: (field: Field) => void }) {
  const { t } = useTranslation('content');
  const events = useEventWords();
  const names = useQuery({ queryKey: ['events', 'names'], queryFn: () => call(api.GET('/api/v1/catalog/events')), staleTime: 5 * 60_000 });
  const properties = useQuery({
    queryKey: ['events', 'properties', event], enabled: event !== '', staleTime: 5 * 60_000,
    queryFn: () => call(api.GET('/api/v1/catalog/properties', { params: { query: { event } } })),
  });
  return (
    <div>
      <label className={classes.smallLabel} htmlFor="content-event">{t('eventField')}</label>
      <select id="content-event" className={classes.select} value={event} onChange={(change) => setEvent(change.currentTarget.value)}>
        <option value="">{t('chooseEvent')}</option>
        {(names.data?.items ?? []).map((one) => <option key={one.name} value={one.name}>{events.name(one.name)}</option>)}
      </select>
      {event && (
        <ScrollArea.Autosize mah={140} type="auto">
          {(properties.data?.items ?? []).filter((one) => !one.list).map((one) => (
            <UnstyledButton
              key={one.name} className={classes.fieldRow}
              onClick={() => pick({ group: 'event', path: `event.properties.${one.name}`, label: one.name, liquid: printed(`event.properties.${one.name}`, t('or.dash')) })}
            >
              <Text size="sm">{one.name}</Text>
              <Text size="xs" c="dimmed" truncate>{one.examples[0] === undefined ? '' : String(one.examples[0])}</Text>
            </UnstyledButton>
          ))}
        </ScrollArea.Autosize>
      )}
    </div>
  );
}

/** A text that fields can be put into, where the cursor stands. */
export function LiquidInput({ label, value, onChange, rows, description, placeholder, maxRows = 8, error, disabled }: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** More than one line. */
  rows?: number;
  maxRows?: number;
  description?: React.ReactNode;
  placeholder?: string;
  error?: React.ReactNode;
  disabled?: boolean;
}) {
  const ref = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const put = (field: Field) => {
    const from = ref.current?.selectionStart ?? value.length;
    const to = ref.current?.selectionEnd ?? from;
    onChange(value.slice(0, from) + field.liquid + value.slice(to));
    requestAnimationFrame(() => {
      ref.current?.focus();
      ref.current?.setSelectionRange(from + field.liquid.length, from + field.liquid.length);
    });
  };
  const common = {
    ref, label, value, description, placeholder, error, disabled, size: 'sm' as const,
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.currentTarget.value),
    rightSection: disabled ? undefined : <FieldMenu pick={put} />,
  };
  return rows ? <Textarea {...common} autosize minRows={rows} maxRows={maxRows} rightSectionProps={{ style: { alignItems: 'flex-start', paddingTop: 4 } }} /> : <TextInput {...common} />;
}
