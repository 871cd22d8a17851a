import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Note } from '../../parts/Note';
import { CodeStep, type SecondProof } from './CodeStep';
import { Door } from './Door';
import { entered } from './entry';
import { NewPasswordField } from './NewPasswordFields';
import { WornOut } from './WornOut';
import { useSaid } from './words';

export default function InvitationPage() {
  const { t } = useTranslation(['accounts', 'shell']);
  const said = useSaid();
  const router = useRouter();
  const { token } = useParams({ strict: false }) as { token: string };
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => call(api.POST('/api/v1/invitations/look', { body: { token } })),
    retry: false,
    staleTime: Infinity,
  });
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [isSecond, setSecond] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const join = async (proof: SecondProof = {}) => {
    setBusy(true);
    setWrong(null);
    try {
      await call(api.POST('/api/v1/invitations/accept', { body: { token, name, password, ...proof } }));
      await entered();
      router.history.push('/app/');
    } catch (error) {
      if (asProblem(error).code === 'second_factor_needed') setSecond(true);
      else setWrong(said(error));
      setBusy(false);
    }
  };
  if (invitation.isPending) return <PageSkeleton />;
  if (invitation.isError) return <WornOut error={invitation.error} retry={() => void invitation.refetch()} />;
  const { shop, email, role, is_known: isKnown } = invitation.data;
  if (isSecond) {
    return (
      <Door title={t('second.title')} text={email}>
        <CodeStep wrong={wrong} isBusy={isBusy} send={(proof) => void join(proof)} back={() => setSecond(false)} />
      </Door>
    );
  }
  const text = t(isKnown ? 'invited.known' : 'invited.text', { email, role: t(`role.${role}`, { ns: 'shell' }) });
  return (
    <Door title={t('invited.title', { shop })} text={text}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (password) void join();
        }}
      >
        <Stack mt="xl">
          {wrong && isKnown && <Note tone="bad" role="alert">{wrong}</Note>}
          {isKnown ? (
            <PasswordInput
              label={t('password.label')} size="md" autoComplete="current-password" autoFocus value={password} onChange={(event) => setPassword(event.currentTarget.value)}
              visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
            />
          ) : (
            <>
              <TextInput label={t('invited.name')} size="md" autoComplete="name" autoFocus maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
              <NewPasswordField label={t('password.choose')} value={password} onChange={setPassword} error={wrong} />
            </>
          )}
          <Button type="submit" size="md" loading={isBusy}>{t('invited.go')}</Button>
        </Stack>
      </form>
    </Door>
  );
}
