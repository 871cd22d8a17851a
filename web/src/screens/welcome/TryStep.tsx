import { Alert, Anchor, Button, Group, Loader, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCircleCheckFilled, IconCircleX, IconClock, IconConfetti } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, queries } from '../../api';
import { useMay, useSession } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import type { StepProps } from './WelcomePage';
import classes from './welcome.module.css';

const KEY = ['home', 'setup'] as const;
const LOOK_MS = 2_000;

/** Whoever tries it becomes a customer who left a cart, and watches the usual course of things. */
export function TryStep({ setup }: StepProps) {
  const { t } = useTranslation('welcome');
  const formats = useFormats();
  const session = useSession();
  const mayTry = useMay('messages.send');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useForm({
    initialValues: { email: setup.trial?.email ?? session?.email ?? '', name: session?.name ?? '' },
    validate: { email: (value) => (/^\S+@\S+\.\S+$/.test(value.trim()) ? null : t('try.emailWrong')) },
  });
  const trial = setup.trial;
  const isWaiting = !!trial && !trial.messages.some((message) => ['accepted', 'refused', 'failed', 'unknown'].includes(message.state));
  // The live connection tells it too; this is for the moment before it does.
  useQuery({
    queryKey: [...KEY, 'watched'],
    queryFn: async () => {
      const now = await call(api.GET('/api/v1/setup'));
      queries.setQueryData(KEY, now);
      return now;
    },
    enabled: isWaiting,
    refetchInterval: LOOK_MS,
  });
  const start = form.onSubmit(async (values) => {
    setBusy(true);
    setProblem(null);
    try {
      queries.setQueryData(KEY, await call(api.POST('/api/v1/setup/try', { body: { email: values.email.trim(), name: values.name.trim() } })));
    } catch (error) {
      form.setErrors(asProblem(error).errors);
      setProblem(error);
    } finally {
      setBusy(false);
    }
  });
  const ok = <IconCircleCheckFilled size={20} color="var(--ql-good)" aria-hidden />;
  const wait = <Loader size={18} aria-hidden />;
  const arrived = trial?.messages.some((message) => message.state === 'accepted') ?? false;
  return (
    <Stack>
      {setup.journeys_active === 0 && <Alert color="gray">{t('try.noJourneys')}</Alert>}
      {!setup.sender.is_set_up && <Alert color="gray">{t('try.noSender')}</Alert>}
      <form onSubmit={start}>
        <Group align="flex-end" gap="sm">
          <TextInput style={{ flex: '1 1 220px' }} label={t('try.email')} type="email" required {...form.getInputProps('email')} />
          <TextInput style={{ flex: '1 1 160px' }} label={t('try.name')} maxLength={100} {...form.getInputProps('name')} />
          <Button type="submit" loading={isBusy} disabled={!mayTry} variant={trial ? 'default' : 'filled'}>{t(trial ? 'try.again' : 'try.start')}</Button>
        </Group>
        <Text size="xs" c="dimmed" mt={6}>{t('try.consent')}</Text>
      </form>
      {problem !== null && <ErrorNote error={problem} />}
      {trial && (
        <div role="status">
          <ul className={classes.deeds}>
            <li>
              {ok}
              <span>
                <Text size="sm" fw={500}>{t('try.person', { email: trial.email })}</Text>
                <Anchor component={Link} to={`/customers/${trial.profile_id}`} size="sm">{t('try.personGo')}</Anchor>
              </span>
            </li>
            <li>{trial.cart_left ? ok : wait}<Text size="sm" fw={500}>{t(trial.cart_left ? 'try.cartLeft' : 'try.cartWaits')}</Text></li>
            {trial.messages.length === 0 && setup.journeys_active > 0 && <li>{wait}<Text size="sm" fw={500}>{t('try.messageWaits')}</Text></li>}
            {trial.messages.map((message) => {
              const isOver = ['refused', 'failed', 'unknown', 'cancelled'].includes(message.state);
              return (
                <li key={message.id}>
                  {message.state === 'accepted' ? ok : isOver ? <IconCircleX size={20} color="var(--ql-bad)" aria-hidden /> : message.reason ? <IconClock size={20} color="var(--ql-wait)" aria-hidden /> : wait}
                  <span>
                    <Text size="sm" fw={500}>{t(`try.state.${message.state === 'queued' && message.reason ? 'delayed' : message.state}`, { subject: message.subject ?? message.journey ?? '', at: message.due_at ? formats.dateTime(message.due_at) : '' })}</Text>
                    <Text size="xs" c="dimmed">{[message.journey, message.state === 'accepted' ? '' : message.detail].filter(Boolean).join(' · ')}</Text>
                  </span>
                </li>
              );
            })}
          </ul>
        </div>
      )}
      {arrived && (
        <Alert className={classes.good} icon={<IconConfetti aria-hidden />} title={t('try.arrived')}>
          <Text size="sm">{t(setup.sender.delivers ? 'try.arrivedText' : 'try.keptText')}</Text>
          {!setup.sender.delivers && <Anchor component={Link} to="/messages" size="sm">{t('try.keptGo')}</Anchor>}
        </Alert>
      )}
    </Stack>
  );
}
