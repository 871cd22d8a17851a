import { Accordion, Badge, Button, Group, List, Select, SimpleGrid, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle, IconWand } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Note } from '../../parts/Note';
import classes from './Columns.module.css';
import type { Kind, Preview } from './job';
import { attributeName, type Choice, type Draft, hasConsent, NAMED, targetKey, targetsOf } from './mapping';
import { remarkWords } from './words';

const SEPARATORS = [{ value: ',', key: 'comma' }, { value: ';', key: 'semicolon' }, { value: '\t', key: 'tab' }, { value: '|', key: 'bar' }];
const ENCODINGS = ['utf-8', 'windows-1258', 'windows-1252', 'utf-16le', 'utf-16be'];
const TYPES = ['text', 'number', 'boolean', 'date', 'time', 'list'];
const DATES = ['dmy', 'mdy', 'ymd'];
const NOTATIONS = ['comma', 'point'];
const TIMES = ['ordered_at', 'at', 'consent_at', 'updated_at'];
const MONEY = ['total', 'revenue', 'discount', 'shipping', 'tax', 'price', 'line_total', 'line_discount', 'quantity'];

type Column = Preview['columns'][number];

interface RowProps {
  column: Column;
  rows: number;
  kind: Kind;
  choice: Choice;
  change: (choice: Choice) => void;
  taken: Set<string>;
}

function ColumnRow({ column, rows, kind, choice, change, taken }: RowProps) {
  const { t, i18n } = useTranslation('imports');
  const formats = useFormats();
  const known = Object.values(targetsOf(kind)).flat();
  const data = Object.entries(targetsOf(kind)).map(([group, items]) => ({
    group: t(`targets.${group}`),
    items: items.map((target) => ({ value: target, label: t(`target.${targetKey(target)}`), disabled: taken.has(target) && choice.target !== target && !NAMED.includes(target) })),
  }));
  // What a document named that no list here has stays as it was.
  if (choice.target && !known.includes(choice.target)) data.push({ group: t('targets.other'), items: [{ value: choice.target, label: choice.target, disabled: false }] });
  const isAttribute = choice.target.startsWith('attribute:') || choice.target === 'property:';
  const isDate = TIMES.includes(choice.target) || choice.type === 'date' || choice.type === 'time';
  const isNumber = MONEY.includes(choice.target) || choice.type === 'number';
  const isNamed = NAMED.includes(choice.target);
  const label = i18n.exists(`imports:target.${targetKey(choice.target)}`) ? t(`target.${targetKey(choice.target)}`) : choice.target;
  return (
    <li className={classes.row} data-out={choice.target === '' || undefined}>
      <div className={classes.source}>
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{column.name}</Text>
        <Group gap={4} mt={4}>
          {column.samples.slice(0, 3).map((sample) => <span key={sample} className={classes.sample}>{sample}</span>)}
          {column.samples.length === 0 && <Text size="xs" c="dimmed">{t('columns.noSamples')}</Text>}
        </Group>
        {rows > 0 && column.filled / rows < 0.995 && <Text size="xs" c="dimmed" mt={4}>{t('columns.filled', { share: formats.percent(column.filled / rows, 0) })}</Text>}
      </div>
      <div className={classes.target}>
        <Group gap="xs" align="flex-start">
          <Select
            aria-label={t('columns.holds', { column: column.name })} placeholder={t('columns.leftOut')} data={data} value={choice.target || null} searchable clearable flex="1 1 220px" maxDropdownHeight={320}
            nothingFoundMessage={t('columns.noTarget')}
            onChange={(target) => {
              const name = target && NAMED.includes(target) ? choice.name || attributeName(column.name) : '';
              change({ target: target ?? '', name, type: target === 'attribute:birthday' ? 'date' : undefined });
            }}
          />
          {isNamed && (
            <TextInput
              aria-label={t('columns.name', { target: label })} placeholder={t('columns.namePlaceholder')} value={choice.name} flex="1 1 150px" error={choice.name.trim() === '' ? t('columns.nameNeeded') : null}
              onChange={(event) => change({ ...choice, name: event.currentTarget.value })}
            />
          )}
          {isAttribute && (
            <Select
              aria-label={t('columns.type', { column: column.name })} data={TYPES.map((type) => ({ value: type, label: t(`type.${type}`) }))} value={choice.type ?? 'text'} allowDeselect={false} flex="0 1 130px"
              onChange={(type) => change({ ...choice, type: type === 'text' ? undefined : (type ?? undefined), dates: undefined, notation: undefined })}
            />
          )}
          {isDate && (
            <Select
              aria-label={t('columns.dates', { column: column.name })} data={[{ value: '', label: t('columns.auto') }, ...DATES.map((dates) => ({ value: dates, label: t(`dates.${dates}`) }))]} value={choice.dates ?? ''}
              allowDeselect={false} flex="0 1 160px" onChange={(dates) => change({ ...choice, dates: dates || undefined })}
            />
          )}
          {isNumber && (
            <Select
              aria-label={t('columns.notation', { column: column.name })} data={[{ value: '', label: t('columns.auto') }, ...NOTATIONS.map((one) => ({ value: one, label: t(`notation.${one}`) }))]} value={choice.notation ?? ''}
              allowDeselect={false} flex="0 1 150px" onChange={(notation) => change({ ...choice, notation: notation || undefined })}
            />
          )}
        </Group>
      </div>
    </li>
  );
}

interface Props {
  kind: Kind;
  draft: Draft;
  change: (draft: Draft) => void;
  seen: Preview;
  isLooking: boolean;
  error: unknown;
  suggest: () => void;
}

export function ColumnsStep({ kind, draft, change, seen, isLooking, error, suggest }: Props) {
  const { t, i18n } = useTranslation('imports');
  const formats = useFormats();
  const taken = new Set(Object.values(draft.columns).map((choice) => choice.target).filter(Boolean));
  const used = Object.values(draft.columns).filter((choice) => choice.target).length;
  const [isTouched, setTouched] = useState(false);
  const isText = seen.format === 'csv';
  const set = (part: Partial<Draft>) => change({ ...draft, ...part });
  const words = (remark: Preview['problems'][number]) => remarkWords(i18n, remark);
  const needsSource = hasConsent(draft) && !draft.consentSource.trim();
  const problems = seen.problems.filter((one) => one.code !== 'consent_source_missing');
  return (
    <Stack gap="lg">
      <Panel title={t('file.title')} text={t('file.text', { rows: formats.number(seen.rows_looked_at), size: formats.bytes(seen.bytes) })}>
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <div>
            <Text size="sm" fw={500}>{t('file.format')}</Text>
            <StatusBadge tone="calm" mt={8}>{t(`format.${seen.format}`)}</StatusBadge>
          </div>
          {isText && (
            <>
              <Select
                label={t('file.encoding')} data={[{ value: '', label: t('file.found', { what: seen.encoding.toUpperCase() }) }, ...ENCODINGS.map((one) => ({ value: one, label: one.toUpperCase() }))]}
                value={draft.encoding} allowDeselect={false} onChange={(encoding) => set({ encoding: encoding ?? '' })}
              />
              <Select
                label={t('file.separator')} value={draft.separator} allowDeselect={false} onChange={(separator) => set({ separator: separator ?? '' })}
                data={[
                  { value: '', label: t('file.found', { what: t(`separator.${SEPARATORS.find((one) => one.value === seen.separator)?.key ?? 'comma'}`) }) },
                  ...SEPARATORS.map((one) => ({ value: one.value, label: t(`separator.${one.key}`) })),
                ]}
              />
            </>
          )}
          {seen.format === 'xlsx' && <TextInput label={t('file.sheet')} placeholder={t('file.firstSheet')} value={draft.sheet} onChange={(event) => set({ sheet: event.currentTarget.value })} />}
        </SimpleGrid>
      </Panel>
      {error !== null && error !== undefined && <ErrorNote error={error} />}
      {problems.length > 0 && (
        <Note tone="bad" icon={<IconAlertTriangle aria-hidden />} title={t('columns.problems')} role="alert">
          <List size="sm">{problems.map((one) => <List.Item key={`${one.code} ${one.column}`}>{one.column && <b>{one.column}: </b>}{words(one)}</List.Item>)}</List>
        </Note>
      )}
      <Panel
        title={t('columns.title')} text={t('columns.text', { used, all: seen.columns.length })}
        actions={
          <>
            {isLooking && <Badge variant="light" color="gray" role="status">{t('columns.looking')}</Badge>}
            <Button variant="default" size="compact-md" leftSection={<IconWand size={15} aria-hidden />} onClick={suggest}>{t('columns.suggest')}</Button>
          </>
        }
      >
        <ul className={classes.rows}>
          {seen.columns.map((column) => (
            <ColumnRow
              key={column.name} column={column} rows={seen.rows_looked_at} kind={kind} taken={taken} choice={draft.columns[column.name] ?? { target: '', name: '' }}
              change={(choice) => set({ columns: { ...draft.columns, [column.name]: choice } })}
            />
          ))}
        </ul>
      </Panel>
      {hasConsent(draft) && (
        <Panel title={t('consent.title')} text={t('consent.text')}>
          <TextInput
            label={t('consent.source')} placeholder={t('consent.placeholder')} required value={draft.consentSource} maxLength={200} error={isTouched && needsSource ? t('consent.needed') : null} onBlur={() => setTouched(true)}
            onChange={(event) => set({ consentSource: event.currentTarget.value })}
          />
        </Panel>
      )}
      {kind !== 'products' && (
        <Panel title={t('all.title')} text={t('all.text')}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TagsInput label={t('all.tags')} placeholder={draft.tags.length === 0 ? t('all.tagsPlaceholder') : undefined} value={draft.tags} onChange={(tags) => set({ tags })} />
            <TagsInput label={t('all.lists')} placeholder={draft.lists.length === 0 ? t('all.listsPlaceholder') : undefined} value={draft.lists} onChange={(lists) => set({ lists })} />
          </SimpleGrid>
        </Panel>
      )}
      <Accordion variant="contained" radius="lg">
        <Accordion.Item value="more">
          <Accordion.Control><Text fw={600} size="sm">{t('more.title')}</Text></Accordion.Control>
          <Accordion.Panel>
            <SimpleGrid cols={{ base: 1, sm: 3 }}>
              {(kind === 'orders' || kind === 'events') && <TextInput label={t('more.source')} description={t('more.sourceText')} placeholder="haravan" value={draft.source} onChange={(event) => set({ source: event.currentTarget.value })} />}
              {kind === 'events' && <TextInput label={t('more.event')} description={t('more.eventText')} value={draft.event} onChange={(event) => set({ event: event.currentTarget.value })} />}
              <TextInput label={t('more.zone')} description={t('more.zoneText')} placeholder={formats.timeZone} value={draft.timeZone} onChange={(event) => set({ timeZone: event.currentTarget.value })} />
              {(kind === 'orders' || kind === 'products') && <TextInput label={t('more.currency')} description={t('more.currencyText')} placeholder={formats.currency} value={draft.currency} onChange={(event) => set({ currency: event.currentTarget.value.toUpperCase() })} />}
            </SimpleGrid>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      {seen.warnings.length > 0 && (
        <Note tone="calm" icon={<IconInfoCircle aria-hidden />} title={t('columns.assumed')}>
          <List size="sm">{seen.warnings.map((one) => <List.Item key={`${one.code} ${one.column}`}>{one.column && <b>{one.column}: </b>}{words(one)}</List.Item>)}</List>
        </Note>
      )}
    </Stack>
  );
}
