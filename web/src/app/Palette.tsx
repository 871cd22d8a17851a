/** The command palette: everything with a name, every page, and the deeds that are done most; all by keyboard. */
import { Kbd, Loader, Modal, useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  IconArrowRight, IconFileImport, IconFilter, IconHistory, IconLanguage, IconList, IconMail, IconMoon, IconPlus, IconRoute, IconSearch, IconSend,
  IconSun, IconUser, IconUserPlus,
} from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../api';
import { language, speak } from './i18n';
import { ways } from './nav';
import classes from './Palette.module.css';
import { keepRecent, recentOf } from './recent';
import { type Permission, useSession } from './session';

interface Entry {
  key: string;
  group: string;
  title: string;
  subtitle: string;
  Icon: typeof IconSearch;
  act: () => void;
}

const KINDS = {
  customer: IconUser, journey: IconRoute, campaign: IconSend, segment: IconFilter, list: IconList, template: IconMail,
} as const;
type Kind = keyof typeof KINDS;

/** For comparing: without marks, in lower case, đ as d. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
}

export default function Palette({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const { t } = useTranslation('palette');
  const { t: shell } = useTranslation('shell');
  const session = useSession();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const wanted = text.trim();
  const [asked] = useDebouncedValue(wanted, 120);
  const workspace = session?.workspace ?? '';
  const found = useQuery({
    queryKey: ['search', asked],
    queryFn: ({ signal }) => call(api.GET('/api/v1/search', { params: { query: { q: asked } }, signal })),
    enabled: isOpen && asked.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  useEffect(() => {
    if (isOpen) {
      setText('');
      setAt(0);
    }
  }, [isOpen]);

  const entries = useMemo(() => {
    const may = (permission: Permission | undefined) => !permission || (session?.permissions.includes(permission) ?? false);
    const go = (to: string) => () => void navigate({ to });
    const key = plain(wanted);
    const fits = (title: string) => key === '' || key.split(/\s+/).every((word) => plain(title).includes(word));
    const all: Entry[] = [];
    if (key === '') {
      for (const one of recentOf(workspace)) {
        all.push({ key: `recent-${one.link}`, group: t('group.recent'), title: one.title, subtitle: t(`kind.${one.kind}`), Icon: KINDS[one.kind as Kind] ?? IconHistory, act: go(one.link) });
      }
    } else {
      for (const one of found.data?.items ?? []) {
        all.push({
          key: `${one.kind}-${one.id}`, group: t(`kinds.${one.kind}`), title: one.title || t('nameless'), subtitle: one.subtitle, Icon: KINDS[one.kind as Kind] ?? IconSearch,
          act: () => {
            keepRecent(workspace, { kind: one.kind, id: one.id, title: one.title, subtitle: one.subtitle, link: one.link });
            void navigate({ to: one.link });
          },
        });
      }
    }
    const deeds: [string, typeof IconPlus, () => void, Permission | undefined][] = [
      ['newCampaign', IconSend, go('/campaigns/new'), 'setup.change'],
      ['newJourney', IconRoute, go('/library'), 'setup.change'],
      ['newSegment', IconFilter, go('/segments/new'), 'setup.change'],
      ['import', IconFileImport, go('/imports/new'), 'people.import'],
      ['invite', IconUserPlus, go('/staff'), 'users.manage'],
      ['theme', colorScheme === 'dark' ? IconSun : IconMoon, () => setColorScheme(colorScheme === 'dark' ? 'light' : 'dark'), undefined],
      ['language', IconLanguage, () => void speak(language() === 'vi' ? 'en' : 'vi'), undefined],
    ];
    for (const [name, Icon, act, permission] of deeds) {
      const title = t(`deed.${name}`);
      if (may(permission) && fits(title)) all.push({ key: `deed-${name}`, group: t('group.deeds'), title, subtitle: '', Icon, act });
    }
    for (const way of ways.flatMap((group) => group.ways)) {
      const title = shell(`nav.${way.id}`);
      if (may(way.permission) && fits(title)) {
        all.push({ key: `way-${way.id}`, group: t('group.pages'), title, subtitle: '', Icon: way.Icon ?? IconArrowRight, act: go(way.to) });
      }
    }
    return all;
  }, [wanted, found.data, session, workspace, colorScheme, setColorScheme, navigate, t, shell]);

  const chosen = Math.min(at, Math.max(0, entries.length - 1));
  useEffect(() => {
    list.current?.querySelector(`[data-at="${chosen}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, entries]);
  const act = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    entry.act();
  };
  const pressed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step && entries.length > 0) {
      event.preventDefault();
      setAt((chosen + step + entries.length) % entries.length);
    } else if (event.key === 'Home' || event.key === 'End') {
      event.preventDefault();
      setAt(event.key === 'Home' ? 0 : entries.length - 1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      act(entries[chosen]);
    }
  };
  const groups = [...new Set(entries.map((entry) => entry.group))];
  const isSearching = wanted.length > 0 && (found.isFetching || asked !== wanted);
  return (
    <Modal.Root opened={isOpen} onClose={close} padding={0} size={620} yOffset="12vh" centered={false} transitionProps={{ duration: 80 }}>
      <Modal.Overlay />
      <Modal.Content aria-label={t('title')} radius="lg">
      <div className={classes.head}>
        <IconSearch size={20} aria-hidden />
        <input
          autoFocus data-autofocus className={classes.input} value={text} placeholder={t('placeholder')} aria-label={t('placeholder')} role="combobox" aria-expanded="true"
          aria-controls={`${id}-list`} aria-activedescendant={entries[chosen] ? `${id}-${chosen}` : undefined} aria-autocomplete="list" autoComplete="off" spellCheck={false}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={pressed} maxLength={60}
        />
        {isSearching && <Loader size={16} aria-hidden />}
        <Kbd size="xs" aria-hidden>Esc</Kbd>
      </div>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={t('results')} className={classes.list} tabIndex={-1}>
        {groups.map((group, which) => (
          <div key={group} role="group" aria-labelledby={`${id}-group-${which}`}>
            <div className={classes.group} id={`${id}-group-${which}`} role="presentation">{group}</div>
            {entries.map((entry, place) => entry.group === group && (
              <div
                key={entry.key} id={`${id}-${place}`} data-at={place} role="option" aria-selected={place === chosen} className={classes.item}
                onPointerMove={() => setAt(place)} onClick={() => act(entry)}
              >
                <entry.Icon size={18} aria-hidden style={{ flex: 'none' }} />
                <div className={classes.itemText}>
                  <span>{entry.title}</span>
                  {entry.subtitle && <span className={classes.subtitle}>{entry.subtitle}</span>}
                </div>
                {place === chosen && <IconArrowRight size={16} aria-hidden />}
              </div>
            ))}
          </div>
        ))}
      </div>
      {entries.length === 0 && !isSearching && <div className={classes.nothing} role="status">{found.isError ? t('failed') : t('nothing', { text: wanted })}</div>}
      <div className={classes.foot} aria-hidden>
        <span><Kbd size="xs">↑</Kbd> <Kbd size="xs">↓</Kbd> {t('foot.choose')}</span>
        <span><Kbd size="xs">↵</Kbd> {t('foot.open')}</span>
        <span><Kbd size="xs">Esc</Kbd> {t('foot.close')}</span>
      </div>
      </Modal.Content>
    </Modal.Root>
  );
}
