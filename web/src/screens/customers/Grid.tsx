import { ActionIcon, Avatar, Badge, Checkbox, Group, Skeleton, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp, IconDeviceMobile, IconMail, IconMessage2, IconMessageCircle, IconUser } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { clsx } from 'clsx';
import { type KeyboardEvent, memo, type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Money, Num, When } from '../../parts/format';
import { initials } from '../../parts/person';
import { StageBadge, useWords } from '../../parts/Reason';
import classes from './customers.module.css';
import { ATTRIBUTE, type Choice, type Chosen, columnOf, NAME_WIDTH, NOBODY, type Person } from './model';

const ROW = 52;
const PHONE_ROW = 84;
const HEAD = 40;
/** Browsers draw nothing beyond some tens of millions of pixels: a longer list scrolls faster instead. */
const HIGHEST = 8_000_000;

const CHANNEL_ICONS: Record<string, typeof IconMail> = { email: IconMail, sms: IconDeviceMobile, zalo: IconMessageCircle, push: IconMessage2 };

export interface GridHandle {
  focus: () => void;
}

interface Props {
  rows: Map<number, Person>;
  total: number;
  columns: string[];
  choice: Choice;
  currency?: string;
  chosen: Chosen;
  listNames: Map<string, string>;
  isChanging: boolean;
  setChosen: (chosen: Chosen) => void;
  sortBy: (sort: string) => void;
  see: (from: number, to: number) => void;
  canChoose: boolean;
  handle: Ref<GridHandle>;
}

export function isChosen(chosen: Chosen, id: string): boolean {
  return chosen.all !== chosen.ids.has(id);
}

function Value({ value }: { value: unknown }) {
  const { t } = useTranslation('customers');
  if (value === undefined || value === null) return <Text span c="dimmed">–</Text>;
  if (typeof value === 'number') return <Num value={value} digits={2} />;
  if (typeof value === 'boolean') return <>{value ? t('yes') : t('no')}</>;
  if (typeof value === 'string') return <>{value}</>;
  return <>{Array.isArray(value) ? value.join(', ') : JSON.stringify(value)}</>;
}

function Reachable({ channels }: { channels: string[] }) {
  const words = useWords();
  return (
    <Group gap={6} wrap="nowrap">
      {channels.map((channel) => {
        const Icon = CHANNEL_ICONS[channel] ?? IconMail;
        return <Icon key={channel} size={17} stroke={1.7} role="img" aria-label={words.channel(channel)} title={words.channel(channel)} />;
      })}
    </Group>
  );
}

function Cell({ id, person, currency, listNames }: { id: string; person: Person; currency?: string; listNames: Map<string, string> }): ReactNode {
  switch (id) {
    case 'stage': return <StageBadge stage={person.stage} />;
    case 'email': return person.email ?? <Text span c="dimmed">–</Text>;
    case 'phone': return person.phone ? <span className="ql-num">{person.phone}</span> : <Text span c="dimmed">–</Text>;
    case 'orders': return <Num value={person.orders} />;
    case 'revenue': return <Money value={person.revenue} currency={currency} />;
    case 'average': return <Money value={person.average} currency={currency} />;
    case 'last_order': return <When at={person.last_order_at} isPlain />;
    case 'first_order': return <When at={person.first_order_at} dateOnly />;
    case 'last_seen': return <When at={person.last_seen_at} isPlain />;
    case 'created': return <When at={person.created_at} dateOnly />;
    case 'reachable':
      return person.reachable.length === 0 ? <Text span c="dimmed">–</Text> : <Reachable channels={person.reachable} />;
    case 'tags':
    case 'lists': {
      const values = id === 'tags' ? person.tags : person.lists.map((list) => listNames.get(list) ?? list);
      return (
        <Group gap={4} wrap="nowrap" title={values.join(', ')}>
          {values.slice(0, 2).map((value) => <Badge key={value} variant="light" color="gray" className={classes.tag}>{value}</Badge>)}
          {values.length > 2 && <Text span size="xs" c="dimmed">+{values.length - 2}</Text>}
        </Group>
      );
    }
    default: return id.startsWith(ATTRIBUTE) ? <Value value={person.attributes[id.slice(ATTRIBUTE.length)]} /> : null;
  }
}

/** What a row does; always the same object, so that a row is drawn again only when something about it changed. */
interface Deeds {
  turn: (person: Person) => void;
  open: (person: Person) => void;
  activate: (index: number) => void;
}

const Row = memo(function Row({ index, person, y, height, width, isOn, isActive, isPhone, canChoose, columns, currency, listNames, deeds }: {
  index: number;
  person: Person;
  y: number;
  height: number;
  /** Of the first cell. */
  width: number;
  isOn: boolean;
  isActive: boolean;
  isPhone: boolean;
  canChoose: boolean;
  columns: string[];
  currency?: string;
  listNames: Map<string, string>;
  deeds: Deeds;
}) {
  const { t } = useTranslation('customers');
  const name = person.name ?? person.email ?? person.phone ?? t('nameless');
  const contact = person.name ? (person.email ?? person.phone) : person.email ? person.phone : null;
  return (
    <div
      id={`customer-${index}`} role="row" aria-rowindex={index + 2} aria-selected={canChoose ? isOn : undefined}
      className={clsx(classes.row, classes.body)} data-on={isOn || undefined} data-active={isActive || undefined} style={{ height, transform: `translateY(${y}px)` }}
      onClick={(event) => {
        deeds.activate(index);
        if (!(event.target as HTMLElement).closest('a, input, button, label')) deeds.open(person);
      }}
    >
      <div role="gridcell" className={clsx(classes.cell, classes.first)} style={{ width: isPhone ? '100%' : width }}>
        {canChoose && !isPhone && <Checkbox size="xs" tabIndex={-1} checked={isOn} onChange={() => deeds.turn(person)} aria-label={t('chooseOne', { name })} />}
        <Avatar size={32} radius="xl" color={person.name ? 'clay' : 'gray'} variant="light" aria-hidden>{person.name ? initials(person.name) : <IconUser size={17} stroke={1.7} />}</Avatar>
        <div className={classes.who}>
          <Link to={'/customers/$id' as string} params={{ id: person.id } as never} tabIndex={-1} className={classes.name}>{name}</Link>
          {contact && <Text size="xs" c="dimmed" truncate>{contact}</Text>}
        </div>
        {isPhone && (
          <div className={classes.phoneEnd}>
            <StageBadge stage={person.stage} />
            <Text size="sm" fw={600}><Money value={person.revenue} currency={currency} short /></Text>
          </div>
        )}
      </div>
      {!isPhone && columns.map(columnOf).map((column) => (
        <div key={column.id} role="gridcell" className={clsx(classes.cell, column.end && classes.end)} style={{ width: column.width, flexGrow: column.width }}>
          <div className={classes.cut}><Cell id={column.id} person={person} currency={currency} listNames={listNames} /></div>
        </div>
      ))}
    </div>
  );
});

/** A table as long as the shop has customers: what is in sight is drawn, and asked for. */
export function Grid({ rows, total, columns, choice, currency, chosen, listNames, isChanging, setChosen, sortBy, see, canChoose, handle }: Props) {
  const { t } = useTranslation('customers');
  const navigate = useNavigate();
  const isPhone = useMediaQuery('(max-width: 48em)') ?? false;
  const scroller = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const node = scroller.current;
    if (!node) return undefined;
    const watch = new ResizeObserver(() => setHeight(node.clientHeight));
    watch.observe(node);
    return () => watch.disconnect();
  }, []);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const row = isPhone ? PHONE_ROW : ROW;
  const head = isPhone ? 0 : HEAD;
  const inner = Math.max(1, height - head);
  const whole = total * row;
  const space = Math.min(whole, HIGHEST);
  const stretch = space > inner && whole > space ? (whole - inner) / (space - inner) : 1;
  const at = (top * stretch) / row;
  const from = Math.max(0, Math.floor(at) - 4);
  const to = Math.min(total - 1, Math.ceil(at + inner / row) + 4);
  useEffect(() => see(from, Math.max(from, to)), [see, from, to]);
  const order = JSON.stringify(choice);
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
    setTop(0);
    setActive(0);
  }, [order]);
  useImperativeHandle(handle, () => ({ focus: () => scroller.current?.focus() }));

  const show = (index: number) => {
    const now = scroller.current;
    if (!now) return;
    if (index < at) now.scrollTop = (index * row) / stretch;
    else if (index + 1 > at + inner / row) now.scrollTop = Math.min(space, ((index + 1) * row - inner) / stretch);
  };
  const go = (index: number) => {
    const next = Math.max(0, Math.min(total - 1, index));
    setActive(next);
    show(next);
  };
  const turn = (person: Person) => {
    const ids = new Set(chosen.ids);
    if (!ids.delete(person.id)) ids.add(person.id);
    setChosen({ all: chosen.all, ids });
  };
  const open = (person: Person) => void navigate({ to: '/customers/$id' as string, params: { id: person.id } as never });
  const now = useRef({ turn, open });
  now.current = { turn, open };
  const deeds = useMemo<Deeds>(() => ({ turn: (person) => now.current.turn(person), open: (person) => now.current.open(person), activate: setActive }), []);
  const pressed = (event: KeyboardEvent) => {
    if (event.target !== scroller.current) return;
    const page = Math.max(1, Math.floor(inner / row) - 1);
    const person = rows.get(active);
    const moves: Record<string, number> = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: total - 1 };
    const move = moves[event.key];
    if (move !== undefined) {
      if (event.shiftKey && canChoose && person && !isChosen(chosen, person.id)) turn(person);
      go(move);
    } else if (event.key === ' ' && person && canChoose) turn(person);
    else if (event.key === 'Enter' && person) open(person);
    else if (event.key === 'Escape') setChosen(NOBODY);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && canChoose) setChosen({ all: true, ids: new Set() });
    else return;
    event.preventDefault();
  };

  const shown = isPhone ? [] : columns.map(columnOf);
  const choosing = canChoose && !isPhone;
  const first = NAME_WIDTH + (choosing ? 48 : 16);
  const width = first + shown.reduce((sum, one) => sum + one.width, 0);
  const drawn = Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => from + offset);
  const someChosen = chosen.all || chosen.ids.size > 0;
  return (
    <div
      ref={scroller}
      className={classes.grid} data-changing={isChanging || undefined} role="grid" tabIndex={0} aria-label={t('title')}
      aria-rowcount={total + 1} aria-colcount={shown.length + 1} aria-multiselectable={canChoose}
      aria-activedescendant={rows.get(active) && active >= from && active <= to ? `customer-${active}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)} onKeyDown={pressed}
    >
      {!isPhone && (
        <div role="rowgroup" className={classes.head} style={{ minWidth: width }}>
          <div role="row" aria-rowindex={1} className={classes.row} style={{ height: HEAD }}>
            <div role="columnheader" className={clsx(classes.cell, classes.first)} style={{ width: first }}>
              {choosing && (
                <Checkbox
                  size="xs" aria-label={t('chooseAll')} checked={chosen.all && chosen.ids.size === 0} indeterminate={someChosen && !(chosen.all && chosen.ids.size === 0)}
                  onChange={() => setChosen(someChosen ? NOBODY : { all: true, ids: new Set() })}
                />
              )}
              <span>{t('column.name')}</span>
            </div>
            {shown.map((column) => {
              const isSorted = column.sort !== undefined && column.sort === choice.sort;
              const label = column.id.startsWith(ATTRIBUTE) ? column.id.slice(ATTRIBUTE.length) : t(`column.${column.id}`);
              const Arrow = choice.ascending ? IconArrowUp : IconArrowDown;
              return (
                <div
                  key={column.id} role="columnheader" className={clsx(classes.cell, column.end && classes.end)} style={{ width: column.width, flexGrow: column.width }}
                  aria-sort={isSorted ? (choice.ascending ? 'ascending' : 'descending') : undefined}
                >
                  {column.sort ? (
                    <button type="button" className={classes.sort} onClick={() => sortBy(column.sort as string)}>
                      <span>{label}</span>
                      {isSorted && <Arrow size={14} aria-hidden />}
                    </button>
                  ) : <span className={classes.cut}>{label}</span>}
                </div>
              );
            })}
          </div>
        </div>
      )}
      <div role="rowgroup" style={{ height: space, position: 'relative', minWidth: isPhone ? undefined : width }}>
        {drawn.map((index) => {
          const person = rows.get(index);
          const y = stretch === 1 ? index * row : top + (index - at) * row;
          const style = { height: row, transform: `translateY(${y}px)` };
          if (!person) {
            return (
              <div key={index} role="row" aria-rowindex={index + 2} className={clsx(classes.row, classes.body)} style={style}>
                <div role="gridcell" className={clsx(classes.cell, classes.first)} style={{ width: isPhone ? '100%' : first }}>
                  <Skeleton circle h={32} w={32} /><Skeleton h={12} w="55%" aria-label={t('loadingRow')} />
                </div>
              </div>
            );
          }
          return (
            <Row
              key={index} index={index} person={person} y={y} height={row} width={first} isOn={isChosen(chosen, person.id)} isActive={index === active} isPhone={isPhone} canChoose={canChoose}
              columns={columns} currency={currency} listNames={listNames} deeds={deeds}
            />
          );
        })}
      </div>
    </div>
  );
}

export function ToTop({ onClick, label }: { onClick: () => void; label: string }) {
  return <ActionIcon variant="default" aria-label={label} onClick={onClick}><IconArrowUp size={16} /></ActionIcon>;
}
