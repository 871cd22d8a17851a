import { Anchor, Button, Stack } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Note } from '../../parts/Note';
import { Door } from './Door';
import { NewPasswordField } from './NewPasswordFields';
import { WornOut } from './WornOut';
import { useSaid } from './words';

export default function NewPasswordPage() {
  const { t } = useTranslation('accounts');
  const said = useSaid();
  const { token } = useParams({ strict: false }) as { token: string };
  const link = useQuery({
    queryKey: ['reset', token],
    queryFn: async () => {
      await call(api.POST('/api/v1/password-resets/look', { body: { token } }));
      return true;
    },
    retry: false,
    staleTime: Infinity,
  });
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const [isSaved, setSaved] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setWrong(null);
    try {
      await call(api.POST('/api/v1/password-resets/confirm', { body: { token, password } }));
      setSaved(true);
    } catch (error) {
      setWrong(said(error));
    }
    setBusy(false);
  };
  if (link.isPending) return <PageSkeleton />;
  if (link.isError && !isSaved) return <WornOut error={link.error} retry={() => void link.refetch()} />;
  if (isSaved) {
    return (
      <Door title={t('newPassword.saved')}>
        <Stack mt="xl">
          <Note icon={<IconCircleCheck aria-hidden />} tone="good" role="status">{t('newPassword.savedText')}</Note>
          <Button component={Link} to="/sign-in" size="md">{t('signIn.go')}</Button>
        </Stack>
      </Door>
    );
  }
  return (
    <Door title={t('newPassword.title')} text={t('newPassword.text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (password) void save();
        }}
      >
        <Stack mt="xl">
          <NewPasswordField label={t('password.new')} value={password} onChange={setPassword} error={wrong} autoFocus />
          <Button type="submit" size="md" loading={isBusy}>{t('newPassword.go')}</Button>
          <Anchor component={Link} to="/sign-in" size="sm">{t('toSignIn')}</Anchor>
        </Stack>
      </form>
    </Door>
  );
}
