/** The frame around the pages of somebody who is signed in: ways, header, and the live connection. */
import { ActionIcon, AppShell, Avatar, Burger, Group, NavLink, Text } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from '@tabler/icons-react';
import { Link, useRouterState } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { connect } from '../api/live';
import { Bell } from './Bell';
import { Mark } from './Mark';
import { ways } from './nav';
import { Offline } from './Offline';
import { SearchButton } from './Search';
import { useSession } from './session';
import classes from './Shell.module.css';

// Menus bring the code that places them: after the first page.
const AccountMenu = lazy(() => import('./AccountMenu'));
const WorkspaceMenu = lazy(() => import('./WorkspaceMenu'));

/** Whether a way leads to the page that is shown, or to one above it. */
function leadsTo(to: string, path: string): boolean {
  return to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
}

function Ways({ close, isNarrow }: { close: () => void; isNarrow: boolean }) {
  const { t } = useTranslation('shell');
  const path = useRouterState({ select: (state) => state.location.pathname.replace(/^\/app/, '') || '/' });
  const session = useSession();
  const allowed = ways
    .map((group) => ({ ...group, ways: group.ways.filter((way) => !way.permission || session?.permissions.includes(way.permission)) }))
    .filter((group) => group.ways.length > 0);
  return (
    <>
      {allowed.map((group) => (
        <div key={group.id} className={classes.group}>
          {group.id !== 'start' && !isNarrow && <div className={classes.groupName}>{t(`group.${group.id}`)}</div>}
          {group.ways.map(({ id, to, Icon }) => {
            const active = leadsTo(to, path);
            const label = t(`nav.${id}`);
            return (
              <NavLink
                key={id} component={Link} to={to} onClick={close} active={active} aria-current={active ? 'page' : undefined}
                label={isNarrow ? undefined : label} aria-label={isNarrow ? label : undefined} title={isNarrow ? label : undefined}
                className={classes.way} leftSection={<Icon size={19} stroke={1.7} aria-hidden />}
              />
            );
          })}
        </div>
      ))}
    </>
  );
}

export function Shell({ children, wide }: { children: ReactNode; wide: boolean }) {
  const { t } = useTranslation('shell');
  const [isOpen, { toggle, close }] = useDisclosure();
  const [isFolded, { toggle: fold }] = useDisclosure(localStorage.getItem('quaylai.folded') === 'yes');
  const isPhone = useMediaQuery('(max-width: 48em)') ?? false;
  const isNarrow = isFolded && !isPhone;
  useEffect(connect, []);
  useEffect(() => localStorage.setItem('quaylai.folded', isFolded ? 'yes' : 'no'), [isFolded]);
  return (
    <AppShell
      header={{ height: 56 }} padding={0}
      navbar={{ width: isNarrow ? 64 : 244, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      classNames={{ main: classes.main, header: classes.header, navbar: classes.navbar }}
    >
      <a href="#main" className="ql-skip">{t('skip')}</a>
      <AppShell.Header>
        <Group h="100%" px="md" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('menu')} aria-expanded={isOpen} />
            <Link to="/" className={classes.brand} aria-label={t('brand')}>
              <Mark />
              <Text component="span" fw={600} size="lg" visibleFrom="sm">Quaylai</Text>
            </Link>
            <Suspense><WorkspaceMenu /></Suspense>
          </Group>
          <Group gap={6} wrap="nowrap">
            <SearchButton />
            <Bell />
            <Suspense fallback={<Avatar size={34} radius="xl" />}><AccountMenu /></Suspense>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={t('ways')}>
        <AppShell.Section grow p="sm" className={classes.ways}>
          <Ways close={close} isNarrow={isNarrow} />
        </AppShell.Section>
        <AppShell.Section p="sm" visibleFrom="sm">
          <ActionIcon onClick={fold} aria-label={t(isFolded ? 'unfold' : 'fold')} size="lg">
            {isFolded ? <IconLayoutSidebarLeftExpand size={18} /> : <IconLayoutSidebarLeftCollapse size={18} />}
          </ActionIcon>
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {wide ? children : <div className={classes.page}>{children}</div>}
      </AppShell.Main>
      <Offline />
    </AppShell>
  );
}
