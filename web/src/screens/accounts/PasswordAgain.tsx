import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api';
import { useSaid } from './words';

/** Asks for one's own password before something is done that it protects. */
export function PasswordAgain({ text, deed, isDangerous, then, cancel }: { text: string; deed: string; isDangerous?: boolean; then: (password: string) => Promise<void>; cancel: () => void }) {
  const { t } = useTranslation(['accounts', 'common']);
  const said = useSaid();
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    setWrong(null);
    try {
      await then(password);
    } catch (error) {
      setWrong(asProblem(error).code === 'wrong_credentials' ? t('password.wrong') : said(error));
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (password) void go();
      }}
    >
      <Stack>
        <Text size="sm">{text}</Text>
        <PasswordInput
          label={t('password.current')} autoComplete="current-password" value={password} error={wrong} data-autofocus onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={cancel}>{t('cancel', { ns: 'common' })}</Button>
          <Button type="submit" color={isDangerous ? 'red' : undefined} loading={isBusy} disabled={!password}>{deed}</Button>
        </Group>
      </Stack>
    </form>
  );
}
