import { Avatar, Menu, SegmentedControl, Stack, Text, UnstyledButton, useMantineColorScheme, VisuallyHidden } from '@mantine/core';
import { IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, queries, refresh } from '../api';
import { disconnect } from '../api/live';
import { initials } from '../parts/person';
import { notify } from '../parts/notify';
import { language, speak, type Language } from './i18n';
import { useSession } from './session';

/** Who is signed in: profile, language, theme, leaving. */
export default function AccountMenu() {
  const { t } = useTranslation('shell');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const session = useSession();
  const navigate = useNavigate();
  if (!session) return null;
  const leave = async () => {
    try {
      await call(api.DELETE('/api/v1/session'));
    } catch (error) {
      notify.failed(error);
      return;
    }
    disconnect();
    queries.clear();
    await navigate({ to: '/sign-in' });
  };
  const choose = async (wanted: Language) => {
    await speak(wanted);
    try {
      await call(api.PATCH('/api/v1/account', { body: { language: wanted } }));
      await refresh('session', 'account');
    } catch {
      // It is spoken here; another device learns it when it is chosen again.
    }
  };
  const short = initials(session.name || session.email);
  return (
    <Menu position="bottom-end" width={264}>
      <Menu.Target>
        <UnstyledButton>
          <VisuallyHidden>{t('account.menu', { name: session.name || session.email })}</VisuallyHidden>
          <Avatar size={34} color="clay" variant="light" radius="xl" aria-hidden>{short}</Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Stack gap={0} px="sm" py={6}>
          <Text size="sm" fw={600}>{session.name || session.email}</Text>
          <Text size="xs" c="dimmed">{session.email} · {t(`role.${session.role}`)}</Text>
        </Stack>
        <Menu.Divider />
        <Stack gap={8} px="sm" py={6}>
          <SegmentedControl
            size="xs" fullWidth aria-label={t('account.language')} value={language()} onChange={(value) => void choose(value as Language)}
            data={[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]}
          />
          <SegmentedControl
            size="xs" fullWidth aria-label={t('account.theme')} value={colorScheme} onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
            data={[
              { value: 'light', label: t('theme.light') }, { value: 'dark', label: t('theme.dark') }, { value: 'auto', label: t('theme.auto') },
            ]}
          />
        </Stack>
        <Menu.Divider />
        <Menu.Item leftSection={<IconUserCircle size={16} />} onClick={() => void navigate({ to: '/profile' })}>{t('account.profile')}</Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave()}>{t('account.leave')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
