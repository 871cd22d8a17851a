import { ActionIcon, Anchor, Avatar, Badge, Button, Card, Group, Menu, SimpleGrid, Skeleton, Stack, Tabs, TagsInput, Text, Title } from '@mantine/core';
import { IconCheck, IconDots, IconMail, IconPencil, IconPhone, IconPlus, IconUser, IconUserOff } from '@tabler/icons-react';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../../api';
import { useMay } from '../../../app/session';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Money, Num, useFormats, When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { PageSkeleton } from '../../../parts/PageSkeleton';
import { initials } from '../../../parts/person';
import { StageBadge } from '../../../parts/Reason';
import { Stat } from '../../../parts/Stat';
import { StatusBadge } from '../../../parts/StatusBadge';
import { Overview } from './Overview';
import classes from './person.module.css';
import { changeProfile, DAY, type Profile, useProfile } from './use';

const Orders = lazy(() => import('./Orders'));
const Messages = lazy(() => import('./Messages'));
const Journeys = lazy(() => import('./Journeys'));
const Groups = lazy(() => import('./Groups'));
const Consents = lazy(() => import('./Consents'));
const Attributes = lazy(() => import('./Attributes'));
const Identity = lazy(() => import('./Identity'));
const Lead = lazy(() => import('./Lead'));
const Rights = lazy(() => import('./Rights'));

const TABS = ['overview', 'lead', 'orders', 'messages', 'journeys', 'groups', 'consents', 'attributes', 'identity', 'rights'] as const;
type Tab = (typeof TABS)[number];

function Tags({ profile, mayChange }: { profile: Profile; mayChange: boolean }) {
  const { t } = useTranslation('customers');
  const [isOpen, setOpen] = useState(false);
  const [tags, setTags] = useState(profile.tags);
  useEffect(() => setTags(profile.tags), [profile.tags]);
  const save = async () => {
    setOpen(false);
    const add_tags = tags.filter((tag) => !profile.tags.includes(tag));
    const remove_tags = profile.tags.filter((tag) => !tags.includes(tag));
    if (add_tags.length + remove_tags.length === 0) return;
    try {
      await changeProfile(profile.id, { add_tags, remove_tags });
      notify.undo(t('person.tagsSaved'), () => changeProfile(profile.id, { add_tags: remove_tags, remove_tags: add_tags }));
    } catch (error) {
      setTags(profile.tags);
      notify.failed(error);
    }
  };
  if (isOpen) {
    return (
      <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <Group gap="xs" wrap="nowrap" align="flex-start" maw={520}>
          <TagsInput data-autofocus autoFocus aria-label={t('person.tags')} placeholder={t('person.addTag')} value={tags} onChange={setTags} style={{ flex: 1 }} onKeyDown={(event) => event.key === 'Escape' && setOpen(false)} />
          <ActionIcon type="submit" size={36} aria-label={t('person.saveTags')}><IconCheck size={17} aria-hidden /></ActionIcon>
        </Group>
      </form>
    );
  }
  return (
    <Group gap={6}>
      {profile.tags.map((tag) => <Badge key={tag} variant="light" color="gray">{tag}</Badge>)}
      {mayChange && (
        <Button variant="subtle" size="compact-xs" leftSection={profile.tags.length ? <IconPencil size={13} aria-hidden /> : <IconPlus size={13} aria-hidden />} onClick={() => setOpen(true)}>
          {profile.tags.length ? t('person.editTags') : t('person.addTag')}
        </Button>
      )}
    </Group>
  );
}

function Head({ profile, go }: { profile: Profile; go: (tab: Tab) => void }) {
  const { t } = useTranslation('customers');
  const mayChange = useMay('people.change');
  const mayExport = useMay('person.export');
  const mayHandle = useMay('requests.handle');
  const name = profile.name ?? profile.email ?? profile.phone ?? t('nameless');
  return (
    <Card padding="lg">
      <Group align="flex-start" gap="lg" wrap="nowrap" className={classes.head}>
        <Avatar size={64} radius="xl" color="clay" variant="light" aria-hidden visibleFrom="xs">{profile.name ? initials(profile.name) : <IconUser size={30} stroke={1.6} />}</Avatar>
        <Stack gap={8} style={{ minWidth: 0, flex: 1 }}>
          <Group gap="sm">
            <Title order={1} className={classes.name}>{name}</Title>
            <StageBadge stage={profile.lifecycle.stage} />
            {profile.restricted_at && <StatusBadge tone="odd">{t('person.restricted')}</StatusBadge>}
          </Group>
          <Group gap="md" c="dimmed" fz="sm">
            {profile.email && <Anchor href={`mailto:${profile.email}`} c="inherit" fz="sm" className={classes.contact}><IconMail size={15} aria-hidden /> {profile.email}</Anchor>}
            {profile.phone && <Anchor href={`tel:${profile.phone}`} c="inherit" fz="sm" className={classes.contact}><IconPhone size={15} aria-hidden /> <span className="ql-num">{profile.phone}</span></Anchor>}
            {profile.given_name && <Text span fz="sm">{t('person.greeted', { name: profile.given_name })}</Text>}
            <Text span fz="sm">{t('person.since')} <When at={profile.first_seen_at} dateOnly /></Text>
          </Group>
          <Tags profile={profile} mayChange={mayChange} />
        </Stack>
        <Menu position="bottom-end" withinPortal>
          <Menu.Target><ActionIcon variant="default" size={36} aria-label={t('person.menu')}><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
          <Menu.Dropdown>
            {mayChange && <Menu.Item onClick={() => go('attributes')}>{t('person.edit')}</Menu.Item>}
            {mayChange && <Menu.Item onClick={() => go('identity')}>{t('person.merge')}</Menu.Item>}
            {mayExport && <Menu.Item component="a" href={`/api/v1/profiles/${profile.id}/export?format=html`} target="_blank">{t('person.export')}</Menu.Item>}
            {mayHandle && <><Menu.Divider /><Menu.Item color="red" onClick={() => go('rights')}>{t('person.rights')}</Menu.Item></>}
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Card>
  );
}

function Figures({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const formats = useFormats();
  const { orders, lifecycle } = profile;
  const silent = orders.last_at ? Math.max(0, Math.floor((Date.now() - Date.parse(orders.last_at)) / DAY)) : null;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      <Stat label={t('figure.spent')} value={<Money value={orders.revenue} currency={orders.currency} short={orders.revenue >= 10_000_000} />} help={t('figure.spentHelp')} />
      <Stat label={t('figure.orders')} value={<Num value={orders.count} />} />
      <Stat label={t('figure.average')} value={<Money value={orders.average} currency={orders.currency} short={(orders.average ?? 0) >= 10_000_000} />} unavailable={orders.count === 0 ? t('figure.noOrders') : undefined} />
      <Stat label={t('figure.silent')} value={silent === null ? '' : t('figure.days', { count: silent, shown: formats.number(silent) })} unavailable={silent === null ? t('figure.noOrders') : undefined} help={t('figure.silentHelp')} />
      <Stat
        label={t('figure.rhythm')} help={t('figure.rhythmHelp')} unavailable={lifecycle.rhythm_days === null || lifecycle.rhythm_days === undefined ? t('figure.noRhythm') : undefined}
        value={t('figure.days', { count: lifecycle.rhythm_days ?? 0, shown: formats.number(lifecycle.rhythm_days ?? 0) })}
      />
    </SimpleGrid>
  );
}

export default function PersonPage() {
  const { t } = useTranslation('customers');
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const profile = useProfile(id);
  const mayHandle = useMay('requests.handle');
  const tab: Tab = TABS.find((one) => one === search.tab) ?? 'overview';
  const go = (to: Tab) => void navigate({ to: '.', search: (to === 'overview' ? {} : { tab: to }) as never, replace: true });
  const name = profile.data?.name ?? profile.data?.email ?? profile.data?.phone ?? t('nameless');
  useEffect(() => {
    document.title = `${profile.data ? name : t('title')} · Quaylai`;
  }, [name, profile.data, t]);
  const up = <Anchor component={Link} to={'/customers' as string} size="sm">‹ {t('title')}</Anchor>;
  if (profile.error instanceof Problem && profile.error.status === 404) {
    return <Stack>{up}<EmptyState Icon={IconUserOff} title={t('gone.title')} text={t('gone.text')} action={<Button component={Link} to={'/customers' as string}>{t('gone.action')}</Button>} /></Stack>;
  }
  if (profile.error && !profile.data) return <Stack>{up}<ErrorNote error={profile.error} retry={() => void profile.refetch()} /></Stack>;
  if (!profile.data) return <Stack>{up}<Skeleton h={130} radius="lg" /><SimpleGrid cols={{ base: 2, lg: 5 }}>{[1, 2, 3, 4, 5].map((one) => <Skeleton key={one} h={92} radius="lg" />)}</SimpleGrid><Skeleton h={340} radius="lg" /></Stack>;
  const person = profile.data;
  const tabs = TABS.filter((one) => one !== 'rights' || mayHandle);
  return (
    <Stack gap="md">
      {up}
      <Head profile={person} go={go} />
      <Figures profile={person} />
      <Tabs value={tab} onChange={(to) => go((to ?? 'overview') as Tab)} keepMounted={false} classNames={{ list: classes.tabs }}>
        <Tabs.List>{tabs.map((one) => <Tabs.Tab key={one} value={one}>{t(`tab.${one}`)}</Tabs.Tab>)}</Tabs.List>
        <Suspense fallback={<PageSkeleton />}>
          <Tabs.Panel value="overview" pt="md"><Overview profile={person} go={go} /></Tabs.Panel>
          <Tabs.Panel value="lead" pt="md"><Lead profile={person} /></Tabs.Panel>
          <Tabs.Panel value="orders" pt="md"><Orders profile={person} /></Tabs.Panel>
          <Tabs.Panel value="messages" pt="md"><Messages profile={person} /></Tabs.Panel>
          <Tabs.Panel value="journeys" pt="md"><Journeys profile={person} /></Tabs.Panel>
          <Tabs.Panel value="groups" pt="md"><Groups profile={person} /></Tabs.Panel>
          <Tabs.Panel value="consents" pt="md"><Consents profile={person} /></Tabs.Panel>
          <Tabs.Panel value="attributes" pt="md"><Attributes profile={person} /></Tabs.Panel>
          <Tabs.Panel value="identity" pt="md"><Identity profile={person} /></Tabs.Panel>
          {mayHandle && <Tabs.Panel value="rights" pt="md"><Rights profile={person} /></Tabs.Panel>}
        </Suspense>
      </Tabs>
    </Stack>
  );
}

