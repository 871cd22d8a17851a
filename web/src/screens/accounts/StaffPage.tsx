import { ActionIcon, Avatar, Button, CopyButton, Drawer, Group, Menu, Modal, Stack, Tabs, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconDots, IconMailForward, IconPlus, IconShieldCheck, IconTrash, IconUsersGroup } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useSession } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { initials } from '../../parts/person';
import { StatusBadge } from '../../parts/StatusBadge';
import type { Tone } from '../../theme/theme';
import { Note } from '../../parts/Note';
import { RoleMatrix } from './RoleMatrix';
import { RolePicker } from './RolePicker';
import { useSaid } from './words';

type User = Schema<'UserView'>;
type Invitation = Schema<'InvitationView'>;

const STATE_TONES: Record<string, Tone> = { open: 'wait', accepted: 'good', revoked: 'calm', expired: 'bad' };
const WIDE = '(min-width: 48em)';

/** A link that somebody gets to open, and whether it went out by e-mail. */
function LinkNote({ url, mailed, why, to }: { url: string; mailed: boolean; why?: string | null; to: string }) {
  const { t } = useTranslation(['accounts', 'common']);
  return (
    <Stack>
      <Note tone={mailed ? 'good' : 'wait'} role="status">{t(mailed ? 'link.mailed' : 'link.notMailed', { email: to })}{!mailed && why && <Text size="xs" mt={4}>{why}</Text>}</Note>
      <TextInput label={t('link.label')} description={t('link.once')} readOnly value={url} onFocus={(event) => event.currentTarget.select()} />
      <Group justify="flex-end">
        <CopyButton value={url}>{({ copied, copy }) => <Button onClick={copy}>{t(copied ? 'copied' : 'link.copy', copied ? { ns: 'common' } : {})}</Button>}</CopyButton>
      </Group>
    </Stack>
  );
}

function InviteForm({ isOwner, then }: { isOwner: boolean; then: (shown: ReactNode) => void }) {
  const { t } = useTranslation('accounts');
  const said = useSaid();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState('marketer');
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const invite = async () => {
    setBusy(true);
    setWrong(null);
    try {
      const made = await call(api.POST('/api/v1/invitations', { body: { email, role } }));
      await refresh('invitations');
      then(<LinkNote url={made.url} mailed={made.mailed} why={made.mail_problem} to={made.email} />);
    } catch (error) {
      setWrong(said(error));
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (email.trim()) void invite();
      }}
    >
      <Stack>
        <TextInput label={t('email')} type="email" required data-autofocus value={email} error={wrong} placeholder="ban@shop.vn" onChange={(event) => setEmail(event.currentTarget.value)} />
        <RolePicker value={role} onChange={setRole} isOwner={isOwner} />
        <Group justify="flex-end"><Button type="submit" loading={isBusy} disabled={!email.trim()}>{t('staff.send')}</Button></Group>
      </Stack>
    </form>
  );
}

function RoleForm({ user, isOwner, then }: { user: User; isOwner: boolean; then: () => void }) {
  const { t } = useTranslation(['accounts', 'common']);
  const said = useSaid();
  const [role, setRole] = useState(user.role);
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setWrong(null);
    try {
      await call(api.PATCH('/api/v1/users/{id}', { params: { path: { id: user.id } }, body: { role } }));
      await refresh('staff', 'session');
      notify.done(t('staff.roleSaved', { name: user.name || user.email }));
      then();
    } catch (error) {
      setWrong(said(error));
      setBusy(false);
    }
  };
  return (
    <Stack>
      {wrong && <Note tone="bad" role="alert">{wrong}</Note>}
      <RolePicker value={role} onChange={setRole} isOwner={isOwner} />
      <Group justify="flex-end"><Button onClick={() => void save()} loading={isBusy} disabled={role === user.role}>{t('save', { ns: 'common' })}</Button></Group>
    </Stack>
  );
}

export default function StaffPage() {
  const { t } = useTranslation(['accounts', 'shell', 'common']);
  const said = useSaid();
  const session = useSession();
  const isOwner = session?.role === 'owner';
  const users = useQuery({ queryKey: ['staff'], queryFn: () => call(api.GET('/api/v1/users')) });
  const invitations = useQuery({ queryKey: ['invitations'], queryFn: () => call(api.GET('/api/v1/invitations')) });
  const [drawer, setDrawer] = useState<{ title: string; body: ReactNode } | null>(null);
  const [link, setLink] = useState<{ title: string; body: ReactNode } | null>(null);
  const failed = (error: unknown) => notify.failed(new Error(said(error)));
  const roleName = (role: string) => t(`role.${role}`, { ns: 'shell' });
  const nameOf = (user: User) => user.name || user.email;

  const invite = () => {
    const then = (body: ReactNode) => {
      setDrawer(null);
      setLink({ title: t('staff.invited'), body });
    };
    setDrawer({ title: t('staff.invite'), body: <InviteForm isOwner={isOwner} then={then} /> });
  };
  const resetPassword = async (user: User) => {
    try {
      const made = await call(api.POST('/api/v1/users/{id}/reset-password', { params: { path: { id: user.id } } }));
      setLink({ title: t('staff.resetMade'), body: <LinkNote url={made.url} mailed={made.mailed} why={made.mail_problem} to={user.email} /> });
    } catch (error) {
      failed(error);
    }
  };
  const resetSecond = async (user: User) => {
    const name = nameOf(user);
    if (!(await confirm({ title: t('staff.resetSecond'), text: t('staff.resetSecondText', { name }), deed: t('staff.resetSecondDeed'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/users/{id}/second-factor', { params: { path: { id: user.id } } }));
      await refresh('staff');
      notify.done(t('staff.resetSecondDone', { name }));
    } catch (error) {
      failed(error);
    }
  };
  const signOut = async (user: User) => {
    const name = nameOf(user);
    if (!(await confirm({ title: t('staff.signOut'), text: t('staff.signOutText', { name }), deed: t('staff.signOut') }))) return;
    try {
      await call(api.DELETE('/api/v1/users/{id}/sessions', { params: { path: { id: user.id } } }));
      notify.done(t('staff.signOutDone', { name }));
    } catch (error) {
      failed(error);
    }
  };
  const remove = async (user: User) => {
    const name = nameOf(user);
    if (!(await confirm({ title: t('staff.remove'), text: t('staff.removeText', { name }), deed: t('staff.removeDeed', { name }), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/users/{id}', { params: { path: { id: user.id } } }));
      await refresh('staff');
      notify.done(t('staff.removed', { name }));
    } catch (error) {
      failed(error);
    }
  };
  const resend = async (row: Invitation) => {
    try {
      const made = await call(api.POST('/api/v1/invitations/{id}/resend', { params: { path: { id: row.id } } }));
      await refresh('invitations');
      setLink({ title: t('staff.resent'), body: <LinkNote url={made.url} mailed={made.mailed} why={made.mail_problem} to={row.email} /> });
    } catch (error) {
      failed(error);
    }
  };
  const revoke = async (row: Invitation) => {
    if (!(await confirm({ title: t('staff.revoke'), text: t('staff.revokeText', { email: row.email }), deed: t('staff.revoke'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/invitations/{id}', { params: { path: { id: row.id } } }));
      await refresh('invitations');
      notify.done(t('staff.revoked'));
    } catch (error) {
      failed(error);
    }
  };

  const inviteButton = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={invite}>{t('staff.invite')}</Button>;
  const open = (invitations.data?.items ?? []).filter((row) => row.state === 'open').length;
  return (
    <Page title={t('staff.title')} text={t('staff.text')} actions={inviteButton}>
      <Tabs defaultValue="users" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="users">{t('staff.users')}</Tabs.Tab>
          <Tabs.Tab value="invitations" rightSection={open > 0 ? <StatusBadge tone="wait">{open}</StatusBadge> : undefined}>{t('staff.invitations')}</Tabs.Tab>
          <Tabs.Tab value="roles">{t('staff.roles')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users" pt="lg">
          <DataTable<User>
            records={users.data?.items} fetching={users.isPending} error={users.error} retry={() => void users.refetch()} idAccessor="id"
            columns={[
              {
                accessor: 'name', title: t('staff.who'),
                render: (user) => (
                  <Group gap="sm" wrap="nowrap">
                    <Avatar color="clay" variant="light" radius="xl" aria-hidden>{initials(nameOf(user))}</Avatar>
                    <div style={{ minWidth: 0 }}>
                      <Group gap={6}><Text size="sm" fw={600}>{nameOf(user)}</Text>{user.id === session?.account_id && <StatusBadge tone="accent">{t('staff.you')}</StatusBadge>}</Group>
                      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{user.email}</Text>
                    </div>
                  </Group>
                ),
              },
              { accessor: 'role', title: t('staff.role'), render: (user) => <StatusBadge tone={user.role === 'owner' ? 'odd' : 'calm'}>{roleName(user.role)}</StatusBadge> },
              {
                accessor: 'second_factor', title: t('staff.second'), visibleMediaQuery: WIDE,
                render: (user) => <StatusBadge tone={user.second_factor ? 'good' : 'calm'} leftSection={user.second_factor ? <IconShieldCheck size={13} aria-hidden /> : undefined}>{t(user.second_factor ? 'second.isOn' : 'second.isOff')}</StatusBadge>,
              },
              {
                accessor: 'actions', title: <VisuallyHidden>{t('staff.actions')}</VisuallyHidden>, textAlign: 'right', width: 64,
                render: (user) => {
                  const isLocked = user.role === 'owner' && !isOwner;
                  const isSelf = user.id === session?.account_id;
                  if (isLocked) return null;
                  return (
                    <Menu position="bottom-end" width={260}>
                      <Menu.Target><ActionIcon aria-label={t('staff.menu', { name: nameOf(user) })}><IconDots size={18} /></ActionIcon></Menu.Target>
                      <Menu.Dropdown>
                        <Menu.Item onClick={() => setDrawer({ title: t('staff.changeRole', { name: nameOf(user) }), body: <RoleForm user={user} isOwner={isOwner} then={() => setDrawer(null)} /> })}>{t('staff.change')}</Menu.Item>
                        <Menu.Item onClick={() => void resetPassword(user)}>{t('staff.reset')}</Menu.Item>
                        {!isSelf && <Menu.Item onClick={() => void signOut(user)}>{t('staff.signOut')}</Menu.Item>}
                        {!isSelf && user.second_factor && <Menu.Item onClick={() => void resetSecond(user)}>{t('staff.resetSecond')}</Menu.Item>}
                        <Menu.Divider />
                        <Menu.Item color="red" leftSection={<IconTrash size={15} aria-hidden />} onClick={() => void remove(user)}>{t('staff.remove')}</Menu.Item>
                      </Menu.Dropdown>
                    </Menu>
                  );
                },
              },
            ]}
          />
        </Tabs.Panel>
        <Tabs.Panel value="invitations" pt="lg">
          <DataTable<Invitation>
            records={invitations.data?.items} fetching={invitations.isPending} error={invitations.error} retry={() => void invitations.refetch()} idAccessor="id"
            empty={<EmptyState Icon={IconUsersGroup} title={t('staff.emptyTitle')} text={t('staff.emptyText')} action={inviteButton} />}
            columns={[
              { accessor: 'email', title: t('email'), render: (row) => <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{row.email}</Text> },
              { accessor: 'role', title: t('staff.role'), visibleMediaQuery: WIDE, render: (row) => roleName(row.role) },
              { accessor: 'state', title: t('staff.state'), render: (row) => <StatusBadge tone={STATE_TONES[row.state] ?? 'calm'}>{t(`state.${row.state}`)}</StatusBadge> },
              { accessor: 'expires_at', title: t('staff.expires'), visibleMediaQuery: WIDE, render: (row) => <When at={row.expires_at} full /> },
              {
                accessor: 'actions', title: <VisuallyHidden>{t('staff.actions')}</VisuallyHidden>, textAlign: 'right',
                render: (row) => {
                  if (row.state !== 'open' && row.state !== 'expired') return null;
                  if (row.role === 'owner' && !isOwner) return null;
                  return (
                    <Group gap={4} justify="flex-end" wrap="nowrap">
                      <ActionIcon aria-label={t('staff.resendTo', { email: row.email })} title={t('staff.resend')} onClick={() => void resend(row)}><IconMailForward size={18} /></ActionIcon>
                      <ActionIcon aria-label={t('staff.revokeOf', { email: row.email })} title={t('staff.revoke')} onClick={() => void revoke(row)}><IconTrash size={18} /></ActionIcon>
                    </Group>
                  );
                },
              },
            ]}
          />
        </Tabs.Panel>
        <Tabs.Panel value="roles" pt="lg"><RoleMatrix /></Tabs.Panel>
      </Tabs>
      <Drawer opened={drawer !== null} onClose={() => setDrawer(null)} title={drawer?.title} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>{drawer?.body}</Drawer>
      <Modal opened={link !== null} onClose={() => setLink(null)} title={link?.title} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>{link?.body}</Modal>
    </Page>
  );
}
