import { ActionIcon, Button, Group, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { IconFileImport, IconRefresh, IconSearch, IconSearchOff, IconUsers } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { type Begun, Bulk, Jobs } from './Bulk';
import { Columns } from './Columns';
import classes from './customers.module.css';
import { Filters, useNames } from './Filters';
import { Grid, type GridHandle } from './Grid';
import {
  attributesOf, type Choice, type Chosen, DEFAULT_COLUMNS, EVERYBODY, NOBODY, readChoice, readColumns, sameChoice, STARTERS, tidy,
} from './model';
import { useGrid } from './useGrid';
import { useViews, Views } from './Views';

const COLUMNS_KEPT = 'quaylai.customers.columns';

interface Address {
  view?: string;
  /** What differs from the view. */
  q?: unknown;
}

function keptColumns(): string[] {
  try {
    return readColumns(JSON.parse(localStorage.getItem(COLUMNS_KEPT) ?? 'null')) ?? DEFAULT_COLUMNS;
  } catch {
    return DEFAULT_COLUMNS;
  }
}

export default function CustomersPage() {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const navigate = useNavigate();
  const address = useSearch({ strict: false }) as Address;
  const views = useViews();
  const names = useNames();
  const mayChange = useMay('people.change');
  const mayExport = useMay('people.export');
  const mayImport = useMay('people.import');
  const current = address.view ?? 'all';
  const saved = views.data?.find((one) => one.id === current);
  const savedDoc = saved?.doc as { choice?: unknown; columns?: unknown } | undefined;
  const base: Choice = useMemo(() => readChoice(savedDoc?.choice) ?? STARTERS.find((one) => one.id === current)?.choice ?? EVERYBODY, [savedDoc, current]);
  const choice: Choice = useMemo(() => readChoice(address.q) ?? base, [address.q, base]);
  const [own, setOwn] = useState<string[]>(keptColumns);
  const [touched, setTouched] = useState<string[] | null>(null);
  const viewColumns = useMemo(() => readColumns(savedDoc?.columns), [savedDoc]);
  const columns = touched ?? viewColumns ?? own;
  const [chosen, setChosen] = useState<Chosen>(NOBODY);
  const [jobs, setJobs] = useState<Begun[]>([]);
  const [text, setText] = useState(choice.search);
  const grid = useRef<GridHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const attributes = useMemo(() => attributesOf(columns), [columns]);
  const list = useGrid(choice, attributes);

  const set = (next: Choice) => {
    setChosen(NOBODY);
    const q = sameChoice(next, base) ? undefined : tidy(next);
    void navigate({ to: '.', search: { ...(current === 'all' ? {} : { view: current }), ...(q ? { q } : {}) } as never, replace: true });
  };
  const typed = useDebouncedCallback((value: string) => set({ ...choice, search: value }), 250);
  useEffect(() => setText(choice.search), [choice.search]);
  const setColumns = (next: string[]) => {
    setTouched(next);
    if (!viewColumns) {
      setOwn(next);
      localStorage.setItem(COLUMNS_KEPT, JSON.stringify(next));
    }
  };
  const choose = (id: string) => {
    setChosen(NOBODY);
    setTouched(null);
    void navigate({ to: '.', search: (id === 'all' ? {} : { view: id }) as never });
  };
  const sortBy = (sort: string) => set({ ...choice, sort, ascending: choice.sort === sort ? !choice.ascending : false });
  useHotkeys([['/', () => search.current?.focus()]]);

  const isChanged = !sameChoice(choice, base) || (viewColumns !== null && touched !== null && touched.join() !== viewColumns.join());
  const count = chosen.all ? Math.max(0, list.total - chosen.ids.size) : chosen.ids.size;
  const isEmptyShop = !list.isPending && !list.error && list.everybody === 0;
  const isNothing = !list.isPending && !list.error && list.everybody > 0 && list.total === 0;
  useEffect(() => {
    document.title = `${t('title')} · Quaylai`;
  }, [t]);

  return (
    <div className={classes.screen}>
      <Group justify="space-between" gap="sm" wrap="nowrap" align="center">
        <Group gap="sm" align="baseline" wrap="nowrap" miw={0}>
          <Title order={1}>{t('title')}</Title>
          {!list.isPending && !list.error && (
            <Text c="dimmed" size="sm" className="ql-num" aria-live="polite">
              {list.total === list.everybody
                ? t('counted', { count: list.total, shown: formats.number(list.total) })
                : t('countedOf', { count: list.total, shown: formats.number(list.total), all: formats.number(list.everybody) })}
            </Text>
          )}
        </Group>
        {mayImport && <Button component={Link} to={'/imports' as string} variant="default" leftSection={<IconFileImport size={16} aria-hidden />} visibleFrom="sm">{t('import')}</Button>}
      </Group>
      <Views current={current} view={{ choice, columns }} isChanged={isChanged} choose={choose} />
      <Group gap="xs">
        <TextInput
          ref={search} w={{ base: '100%', xs: 300 }} leftSection={<IconSearch size={16} aria-hidden />} placeholder={t('searchFor')} aria-label={t('searchFor')} maxLength={100} type="search"
          value={text}
          onChange={(event) => { setText(event.currentTarget.value); typed(event.currentTarget.value); }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'Enter') { event.preventDefault(); grid.current?.focus(); }
            else if (event.key === 'Escape' && text) { setText(''); set({ ...choice, search: '' }); }
          }}
        />
        <Filters filters={choice.filters} set={(filters) => set({ ...choice, filters })} names={names} />
        <Group gap="xs" ml="auto">
          {list.isStale && <Button variant="subtle" px="xs" leftSection={<IconRefresh size={15} aria-hidden />} onClick={list.again}>{t('news')}</Button>}
          {!list.isStale && (
            <Tooltip label={t('refresh')}><ActionIcon variant="subtle" color="gray" size={36} onClick={list.again} aria-label={t('refresh')}><IconRefresh size={17} aria-hidden /></ActionIcon></Tooltip>
          )}
          <Group visibleFrom="sm"><Columns columns={columns} set={setColumns} /></Group>
        </Group>
      </Group>
      <Jobs jobs={jobs} gone={(id) => setJobs((before) => before.filter((one) => one.id !== id))} />
      <div className={classes.frame}>
        {list.error ? (
          <div className={classes.error}><ErrorNote error={list.error} retry={list.again} /></div>
        ) : isEmptyShop ? (
          <EmptyState
            Icon={IconUsers} title={t('empty.title')} text={t('empty.text')}
            action={mayImport ? <Button component={Link} to={'/imports' as string} leftSection={<IconFileImport size={16} aria-hidden />}>{t('import')}</Button> : undefined}
          />
        ) : isNothing ? (
          <EmptyState Icon={IconSearchOff} title={t('none.title')} text={t('none.text')} action={<Button variant="default" onClick={() => set({ ...choice, search: '', filters: [] })}>{t('none.action')}</Button>} />
        ) : (
          <Grid
            handle={grid} rows={list.rows} total={list.isPending ? 12 : list.total} columns={columns} choice={choice} currency={list.currency} chosen={chosen} listNames={names.lists}
            isChanging={list.isChanging} setChosen={setChosen} sortBy={sortBy} see={list.see} canChoose={mayChange || mayExport}
          />
        )}
        <Bulk
          who={{ choice, snapshot: list.snapshot, chosen, count }} columns={columns} total={list.total} clear={() => setChosen(NOBODY)}
          chooseAll={() => setChosen({ all: true, ids: new Set() })} begun={(job) => setJobs((before) => [...before, job])}
        />
      </div>
    </div>
  );
}
