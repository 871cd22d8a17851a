import { Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconBuildingStore, IconCheck, IconChevronDown, IconPencil } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../api';
import { notify } from '../parts/notify';
import { useMay, useSession, useShop } from './session';

function Rename({ slug, name, close }: { slug: string; name: string; close: () => void }) {
  const { t } = useTranslation(['shell', 'common']);
  const [wanted, setWanted] = useState(name);
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      await call(api.PATCH('/api/v1/workspaces/{slug}', { params: { path: { slug } }, body: { name: wanted } }));
      await refresh('session');
      close();
    } catch (error) {
      notify.failed(error);
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (wanted.trim()) void save();
      }}
    >
      <Stack>
        <TextInput label={t('workspace.name')} description={t('workspace.nameText')} value={wanted} maxLength={100} data-autofocus onChange={(event) => setWanted(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('cancel', { ns: 'common' })}</Button>
          <Button type="submit" loading={isBusy} disabled={!wanted.trim() || wanted.trim() === name}>{t('save', { ns: 'common' })}</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Which shop is worked on, the way to another one, and to a new one. */
export default function WorkspaceMenu() {
  const { t } = useTranslation(['shell', 'common']);
  const session = useSession();
  const shop = useShop();
  const navigate = useNavigate();
  const mayOpen = useMay('unlisted');
  const mayRename = useMay('workspace.manage');
  const [isRenaming, setRenaming] = useState(false);
  if (!session) return null;
  const here = session.workspaces.find((one) => one.slug === session.workspace);
  // One that nobody has named yet goes by what its customers read.
  const isNamed = here !== undefined && here.name !== here.slug;
  const name = (isNamed ? here.name : shop.name) || here?.name || session.workspace;
  if (session.workspaces.length < 2 && !mayOpen && !mayRename) return <Text size="sm" c="dimmed" truncate>{name}</Text>;
  const enter = async (slug: string) => {
    if (slug === session.workspace) return;
    try {
      await call(api.PUT('/api/v1/session', { body: { workspace: slug } }));
      // Nothing of one shop may be left on the screen of another.
      window.location.assign('/app/');
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <>
      <Menu position="bottom-start" width={260}>
        <Menu.Target>
          <Button variant="subtle" color="gray" size="compact-sm" maw="100%" rightSection={<IconChevronDown size={14} aria-hidden />} aria-label={t('workspace.menu', { name })}>{name}</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('workspace.yours')}</Menu.Label>
          {session.workspaces.map((one) => {
            const isHere = one.slug === session.workspace;
            return (
              <Menu.Item key={one.slug} onClick={() => void enter(one.slug)} aria-current={isHere ? 'true' : undefined} rightSection={isHere && <IconCheck size={14} aria-hidden />}>
                <Text size="sm" fw={isHere ? 600 : 400}>{isHere ? name : one.name}</Text>
                <Text size="xs" c="dimmed">{t(`role.${one.role}`)}</Text>
              </Menu.Item>
            );
          })}
          {(mayRename || mayOpen) && <Menu.Divider />}
          {mayRename && <Menu.Item leftSection={<IconPencil size={15} aria-hidden />} onClick={() => setRenaming(true)}>{t('workspace.rename')}</Menu.Item>}
          {mayOpen && <Menu.Item leftSection={<IconBuildingStore size={15} aria-hidden />} onClick={() => void navigate({ to: '/workspaces/new' })}>{t('workspace.open')}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={isRenaming} onClose={() => setRenaming(false)} title={t('workspace.rename')} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        <Rename slug={session.workspace} name={name} close={() => setRenaming(false)} />
      </Modal>
    </>
  );
}
