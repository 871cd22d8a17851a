import { Button, Menu, Text } from '@mantine/core';
import { IconCheck, IconChevronDown } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../api';
import { notify } from '../parts/notify';
import { useSession, useShop } from './session';

/** Which shop is worked on, and the way to another one. */
export default function WorkspaceMenu() {
  const { t } = useTranslation('shell');
  const session = useSession();
  const shop = useShop();
  if (!session) return null;
  const here = session.workspaces.find((one) => one.slug === session.workspace);
  const name = shop.name || here?.name || session.workspace;
  if (session.workspaces.length < 2) return <Text size="sm" c="dimmed" truncate>{name}</Text>;
  const enter = async (slug: string) => {
    try {
      await call(api.PUT('/api/v1/session', { body: { workspace: slug } }));
      // Nothing of one shop may be left on the screen of another.
      window.location.assign('/app/');
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-sm" rightSection={<IconChevronDown size={14} />} aria-label={t('workspace.menu', { name })}>{name}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {session.workspaces.map((one) => (
          <Menu.Item key={one.slug} onClick={() => void enter(one.slug)} rightSection={one.slug === session.workspace && <IconCheck size={14} />}>{one.name}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
