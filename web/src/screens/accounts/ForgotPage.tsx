import { Anchor, Button, Stack, TextInput } from '@mantine/core';
import { IconMailCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { Note } from '../../parts/Note';
import { Door } from './Door';
import { useSaid } from './words';

export default function ForgotPage() {
  const { t } = useTranslation('accounts');
  const said = useSaid();
  const [email, setEmail] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const [isSent, setSent] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    setWrong(null);
    try {
      await call(api.POST('/api/v1/password-resets', { body: { email } }));
      setSent(true);
    } catch (error) {
      setWrong(said(error));
    }
    setBusy(false);
  };
  return (
    <Door title={t('forgot.title')} text={t('forgot.text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (email.trim()) void send();
        }}
      >
        <Stack mt="xl">
          {isSent && <Note icon={<IconMailCheck aria-hidden />} tone="good" role="status">{t('forgot.sent')}</Note>}
          {wrong && <Note tone="bad" role="alert">{wrong}</Note>}
          <TextInput label={t('email')} type="email" size="md" required autoComplete="username" autoFocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <Button type="submit" size="md" loading={isBusy}>{t('forgot.go')}</Button>
          <Anchor component={Link} to="/sign-in" size="sm">{t('toSignIn')}</Anchor>
        </Stack>
      </form>
    </Door>
  );
}
