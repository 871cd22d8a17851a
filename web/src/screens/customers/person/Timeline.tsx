/** All that happened, in one list that can be searched and cut to what one looks for. */
import { Button, Chip, Group, Skeleton, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  IconBolt, IconChevronDown, IconChevronRight, IconCreditCard, IconEye, IconFilter, IconMail, IconPencil, IconRoute, IconSearch, IconShieldCheck, IconShoppingCart, IconUsersGroup,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useFormats } from '../../../parts/format';
import { MessageState, useWords } from '../../../parts/Reason';
import { usePages } from '../../../parts/usePages';
import type { Tone } from '../../../theme/theme';
import classes from './person.module.css';
import type { Profile } from './use';

type Item = Schema<'TimelineItem'>;
const KINDS = ['event', 'message', 'journey', 'segment', 'consent', 'attribute', 'merge'] as const;

const LOOKS: Record<string, [typeof IconBolt, Tone]> = {
  event: [IconBolt, 'calm'], message: [IconMail, 'accent'], journey: [IconRoute, 'odd'], segment: [IconFilter, 'wait'],
  consent: [IconShieldCheck, 'good'], attribute: [IconPencil, 'calm'], merge: [IconUsersGroup, 'odd'],
};

/** `page` or `screen` of somebody who looked at one. */
function pageOf(item: Item): 'page' | 'screen' | null {
  const type = (item.data as { type?: unknown } | undefined)?.type;
  return type === 'page' || type === 'screen' ? type : null;
}

function look(item: Item): [typeof IconBolt, Tone] {
  if (item.kind === 'event') {
    if (item.name.startsWith('Order')) return [IconCreditCard, 'good'];
    if (/Cart|Checkout|Added|Removed/.test(item.name)) return [IconShoppingCart, 'wait'];
    if (pageOf(item) || /Viewed/.test(item.name)) return [IconEye, 'calm'];
  }
  return LOOKS[item.kind] ?? [IconBolt, 'calm'];
}

export function written(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value, null, 1);
}

/** The best of an event in few words: products and sums. */
function useGist() {
  const formats = useFormats();
  return (item: Item): string => {
    if (item.kind !== 'event') return '';
    const told = (item.data as { properties?: Record<string, unknown> }).properties ?? {};
    const parts: string[] = [];
    const name = told.name ?? told.product_name ?? told.title ?? told.query ?? told.order_id;
    if (typeof name === 'string') parts.push(name);
    const products = told.products;
    if (Array.isArray(products) && products.length > 0) {
      const names = products.map((one: { name?: unknown }) => (typeof one?.name === 'string' ? one.name : '')).filter(Boolean);
      if (names.length > 0) parts.push(names.slice(0, 2).join(', ') + (names.length > 2 ? ` +${names.length - 2}` : ''));
    }
    const sum = told.total ?? told.revenue ?? told.value ?? told.price;
    if (typeof sum === 'number') {
      const currency = typeof told.currency === 'string' ? told.currency : formats.currency;
      try {
        parts.push(new Intl.NumberFormat(formats.locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(sum));
      } catch {
        parts.push(formats.number(sum));
      }
    }
    return parts.join(' · ');
  };
}

function Payload({ item }: { item: Item }) {
  const { t } = useTranslation('customers');
  const data = item.data as Record<string, unknown>;
  const told = item.kind === 'event' ? { ...(data.properties as object), ...(data.traits as object) } : data;
  const context = item.kind === 'event' ? (data.context as Record<string, unknown> | undefined) : undefined;
  const page = context?.page as Record<string, unknown> | undefined;
  const pairs = [...Object.entries(told), ...(page?.url ? [['url', page.url]] : [])].filter(([, value]) => value !== null && value !== '' && value !== undefined) as [string, unknown][];
  return (
    <div className={classes.payload}>
      {pairs.length === 0 ? <Text size="sm" c="dimmed">{t('timeline.bare')}</Text> : (
        <dl className={classes.pairs}>
          {pairs.map(([key, value]) => <div key={key} style={{ display: 'contents' }}><dt>{key}</dt><dd>{written(value)}</dd></div>)}
        </dl>
      )}
    </div>
  );
}

function Headline({ item }: { item: Item }): ReactNode {
  const { t } = useTranslation('customers');
  const words = useWords();
  const gist = useGist();
  switch (item.kind) {
    case 'event': {
      // Pages and screens have names of the shop's own.
      const seen = pageOf(item);
      const said = seen ? words.event(seen) : words.event(item.name);
      const about = gist(item) || (seen && item.name !== seen ? item.name : '');
      return <><Text span size="sm" fw={500}>{said}</Text> <Text span size="sm" c="dimmed">{about}</Text></>;
    }
    case 'message':
      return (
        <Group gap={6} component="span">
          <Text span size="sm" fw={500}>{t('timeline.message', { channel: words.channelWithin(item.channel ?? ''), template: item.name })}</Text>
          <MessageState state={item.state ?? ''} />
          {item.reason && <Text span size="sm" c="dimmed">{words.reason(item.reason)}</Text>}
        </Group>
      );
    case 'journey': return <Text span size="sm" fw={500}>{t(`timeline.journey.${item.state ?? 'started'}`, { name: item.name })}</Text>;
    case 'segment': return <Text span size="sm" fw={500}>{t(`timeline.segment.${item.state ?? 'entered'}`, { name: item.name })}</Text>;
    case 'consent': {
      const [channel = '', purpose = ''] = item.name.split('.');
      return <><Text span size="sm" fw={500}>{words.consentState(item.state ?? '')}: {words.channel(channel)} · {words.purpose(purpose)}</Text> <Text span size="sm" c="dimmed">{item.reason}</Text></>;
    }
    case 'attribute': {
      const { old, new: next } = item.data as { old?: unknown; new?: unknown };
      return <><Text span size="sm" fw={500}>{item.name}</Text> <Text span size="sm" c="dimmed">{old === null || old === undefined ? '' : `${written(old)} → `}{next === null ? t('timeline.removed') : written(next)}</Text></>;
    }
    default: return <Text span size="sm" fw={500}>{t(`timeline.merge.${item.state ?? 'joined'}`)}</Text>;
  }
}

function Row({ item }: { item: Item }) {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const [isOpen, setOpen] = useState(false);
  const [Icon, tone] = look(item);
  const opens = item.kind === 'event' || item.kind === 'message' || item.kind === 'consent';
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <div className={classes.item}>
      <div className={classes.icon} style={{ color: `var(--ql-${tone})`, background: `var(--ql-${tone}-tint)` }}><Icon size={17} stroke={1.8} aria-hidden /></div>
      <div style={{ minWidth: 0, paddingTop: 6 }}>
        {opens ? (
          <UnstyledButton onClick={() => setOpen(!isOpen)} aria-expanded={isOpen} style={{ display: 'flex', gap: 6, alignItems: 'flex-start' }}>
            <Chevron size={15} aria-hidden style={{ flex: '0 0 auto', marginTop: 4 }} /><span><Headline item={item} /></span>
          </UnstyledButton>
        ) : <Headline item={item} />}
        {isOpen && <Payload item={item} />}
        {isOpen && item.kind === 'message' && item.subject_id && (
          <Button component={Link} to={'/messages/$id' as string} params={{ id: item.subject_id } as never} variant="subtle" size="compact-sm" mt={4}>{t('timeline.openMessage')}</Button>
        )}
      </div>
      <Text size="xs" c="dimmed" pt={9} className="ql-num" title={formats.dateTime(item.at)}>{formats.time(item.at)}</Text>
    </div>
  );
}

export function Timeline({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const [kinds, setKinds] = useState<string[]>([]);
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text, 300);
  const list = usePages<Item>(['people', profile.id, 'timeline', kinds.join(), search], (cursor) =>
    call(api.GET('/api/v1/profiles/{id}/timeline', { params: { path: { id: profile.id }, query: { limit: 50, ...(kinds.length ? { kinds: kinds.join() } : {}), ...(search ? { search } : {}), ...(cursor ? { cursor } : {}) } } })));
  const days: [string, Item[]][] = [];
  for (const item of list.rows) {
    const day = formats.date(item.at);
    const last = days[days.length - 1];
    if (last && last[0] === day) last[1].push(item);
    else days.push([day, [item]]);
  }
  return (
    <Stack gap="sm">
      <Group gap="xs" justify="space-between">
        <Chip.Group multiple value={kinds} onChange={setKinds}>
          <Group gap={6} role="group" aria-label={t('timeline.kinds')}>{KINDS.map((kind) => <Chip key={kind} value={kind} size="xs" variant="light">{t(`timeline.kind.${kind}`)}</Chip>)}</Group>
        </Chip.Group>
        <TextInput size="xs" w={{ base: '100%', xs: 220 }} type="search" leftSection={<IconSearch size={14} aria-hidden />} placeholder={t('timeline.search')} aria-label={t('timeline.search')} maxLength={90} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      </Group>
      {list.error ? <ErrorNote error={list.error} retry={list.retry} /> : list.isPending ? (
        <Stack gap="md">{[1, 2, 3, 4, 5].map((one) => <Skeleton key={one} h={34} radius="md" />)}</Stack>
      ) : list.rows.length === 0 && !list.more ? (
        <Text size="sm" c="dimmed" py="lg">{kinds.length > 0 || search ? t('timeline.none') : t('timeline.empty')}</Text>
      ) : (
        <div>
          {days.map(([day, items]) => (
            <section key={day} aria-label={day}>
              <div className={classes.day}>{day}</div>
              {items.map((item) => <Row key={item.id} item={item} />)}
            </section>
          ))}
          {list.more && <Group justify="center" pt="sm"><Button variant="default" onClick={list.more.load} loading={list.more.isLoading}>{t('timeline.older')}</Button></Group>}
        </div>
      )}
    </Stack>
  );
}
