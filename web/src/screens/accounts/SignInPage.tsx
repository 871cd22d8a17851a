import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, useRouter, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { useSession } from '../../app/session';
import { Note } from '../../parts/Note';
import { CodeStep, type SecondProof } from './CodeStep';
import { Door } from './Door';
import { entered, safeNext } from './entry';
import { useSaid } from './words';

export default function SignInPage() {
  const { t } = useTranslation('accounts');
  const said = useSaid();
  const router = useRouter();
  const session = useSession();
  const search = useSearch({ strict: false }) as { next?: unknown };
  // The address changes before the page does: what it said first counts.
  const [next] = useState(() => safeNext(search.next));
  const door = useQuery({ queryKey: ['door'], queryFn: () => call(api.GET('/api/v1/session/door')), staleTime: Infinity });
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [isSecond, setSecond] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const demo = door.data?.demo;

  const enter = async (who: { email: string; password: string } & SecondProof) => {
    setBusy(true);
    setWrong(null);
    try {
      const found = await call(api.POST('/api/v1/session', { body: who }));
      await entered(found);
      router.history.push(`/app${next}`);
    } catch (error) {
      const { code } = asProblem(error);
      if (code === 'second_factor_needed') setSecond(true);
      else {
        if (code === 'wrong_credentials') setSecond(false);
        setWrong(said(error));
      }
      setBusy(false);
    }
  };

  const away = useMemo(() => <Navigate to={next as '/'} replace />, [next]);
  if (session && !isBusy) return away;
  if (isSecond) {
    return (
      <Door title={t('second.title')} text={email}>
        <CodeStep
          wrong={wrong} isBusy={isBusy} send={(proof) => void enter({ email, password, ...proof })}
          back={() => {
            setSecond(false);
            setPassword('');
            setWrong(null);
          }}
        />
      </Door>
    );
  }
  return (
    <Door title={t('signIn.title')} text={t('signIn.text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!email.trim() || !password) setWrong(t('signIn.empty'));
          else void enter({ email, password });
        }}
        noValidate
      >
        <Stack mt="xl">
          {demo && (
            <Note icon={<IconSparkles aria-hidden />} title={t('signIn.demo')} tone="accent">
              <Stack gap="xs" align="flex-start">
                <Text size="sm">{t('signIn.demoText')}</Text>
                <Button
                  size="compact-md" loading={isBusy}
                  onClick={() => {
                    setEmail(demo.email);
                    setPassword(demo.password);
                    void enter(demo);
                  }}
                >
                  {t('signIn.demoGo')}
                </Button>
              </Stack>
            </Note>
          )}
          {wrong && <Note tone="bad" role="alert">{wrong}</Note>}
          <TextInput
            label={t('email')} type="email" size="md" autoComplete="username" autoFocus value={email} onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('password.label')} size="md" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
          />
          <Button type="submit" size="md" loading={isBusy} variant={demo ? 'default' : 'filled'}>{t('signIn.go')}</Button>
          <Anchor component={Link} to="/forgot-password" size="sm">{t('signIn.forgot')}</Anchor>
        </Stack>
      </form>
    </Door>
  );
}
