import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text, TextInput, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, refresh } from '../../api';
import { language, speak, type Language } from '../../app/i18n';
import { useSession } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { accountQuery } from './account';
import { PasswordPanel } from './PasswordPanel';
import { SecondFactorPanel } from './SecondFactorPanel';
import { SessionsPanel } from './SessionsPanel';

function Who({ name, email, role }: { name: string; email: string; role: string }) {
  const { t } = useTranslation(['accounts', 'shell']);
  const [wanted, setWanted] = useState(name);
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const account = await call(api.PATCH('/api/v1/account', { body: { name: wanted } }));
      queries.setQueryData(accountQuery.queryKey, account);
      await refresh('session');
      notify.done(t('profile.saved'));
    } catch (error) {
      notify.failed(error);
    }
    setBusy(false);
  };
  return (
    <Panel title={t('profile.who')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack>
          <TextInput label={t('profile.name')} value={wanted} maxLength={100} autoComplete="name" onChange={(event) => setWanted(event.currentTarget.value)} />
          <TextInput label={t('email')} value={email} readOnly description={t('profile.emailText')} />
          <Group justify="space-between">
            <Text size="sm" c="dimmed">{t('profile.role', { role: t(`role.${role}`, { ns: 'shell' }) })}</Text>
            <Button type="submit" loading={isBusy} disabled={wanted.trim() === name}>{t('save', { ns: 'common' })}</Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Look() {
  const { t } = useTranslation(['accounts', 'shell']);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const choose = async (wanted: Language) => {
    const before = language();
    await speak(wanted);
    try {
      queries.setQueryData(accountQuery.queryKey, await call(api.PATCH('/api/v1/account', { body: { language: wanted } })));
      await refresh('session');
    } catch (error) {
      await speak(before);
      notify.failed(error);
    }
  };
  return (
    <Panel title={t('profile.look')} text={t('profile.lookText')}>
      <Stack>
        <div>
          <Text size="sm" fw={500} mb={6}>{t('language')}</Text>
          <SegmentedControl
            fullWidth aria-label={t('language')} value={language()} onChange={(value) => void choose(value as Language)}
            data={[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]}
          />
        </div>
        <div>
          <Text size="sm" fw={500} mb={6}>{t('profile.theme')}</Text>
          <SegmentedControl
            fullWidth aria-label={t('profile.theme')} value={colorScheme} onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
            data={(['light', 'dark', 'auto'] as const).map((one) => ({ value: one, label: t(`theme.${one}`, { ns: 'shell' }) }))}
          />
        </div>
      </Stack>
    </Panel>
  );
}

export default function ProfilePage() {
  const { t } = useTranslation('accounts');
  const session = useSession();
  const account = useQuery(accountQuery);
  if (account.isError) return <ErrorNote error={account.error} retry={() => void account.refetch()} />;
  if (account.isPending || !session) return <PageSkeleton />;
  const { name, email, role } = account.data;
  return (
    <Page title={t('profile.title')} text={t('profile.text')}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
        <Stack gap="lg">
          <Who name={name} email={email} role={role} />
          <Look />
        </Stack>
        <Stack gap="lg">
          <SecondFactorPanel account={account.data} />
          <PasswordPanel />
        </Stack>
      </SimpleGrid>
      <SessionsPanel />
    </Page>
  );
}
