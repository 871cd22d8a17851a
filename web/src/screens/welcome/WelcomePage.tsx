import { Anchor, Button, Card, Group, Progress, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconCircleCheckFilled, IconCircleDashed, IconPlayerSkipForward } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ComponentType, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, queries, type Schema } from '../../api';
import { useSession } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { useNews } from '../home/useNews';
import { JourneysStep } from './JourneysStep';
import { PeopleStep } from './PeopleStep';
import { SenderStep } from './SenderStep';
import { ShopStep } from './ShopStep';
import { TryStep } from './TryStep';
import classes from './welcome.module.css';

export type Setup = Schema<'SetupView'>;

export interface StepProps {
  setup: Setup;
  /** Reads how far the shop is, and goes on. */
  next: () => void;
}

const STEPS = ['shop', 'sender', 'people', 'journeys', 'try'] as const;
export type StepId = (typeof STEPS)[number];
const PARTS: Record<StepId, ComponentType<StepProps>> = {
  shop: ShopStep, sender: SenderStep, people: PeopleStep, journeys: JourneysStep, try: TryStep,
};
const KEY = ['home', 'setup'] as const;

function isStep(id: string | null | undefined): id is StepId {
  return STEPS.some((one) => one === id);
}

/** From the first sign-in to the first automatic message. What is done is what the shop has, so it can be left any time. */
export default function WelcomePage() {
  const { t } = useTranslation('welcome');
  const navigate = useNavigate();
  const session = useSession();
  const [chosen, setChosen] = useState<StepId | null>(null);
  useNews(KEY, 1_000);
  const query = useQuery({ queryKey: KEY, queryFn: () => call(api.GET('/api/v1/setup')) });
  const setup = query.data;
  if (query.isError && !setup) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!setup) return <Stack gap="lg"><Skeleton h={36} w="50%" /><Skeleton h={360} radius="lg" /></Stack>;
  const shown: StepId = chosen ?? (isStep(setup.current) ? setup.current : 'try');
  const place = STEPS.indexOf(shown);
  const stateOf = (id: StepId) => setup.steps.find((step) => step.id === id)?.state ?? 'todo';
  const done = setup.steps.filter((step) => step.state === 'done').length;
  const save = async (body: Schema<'SetupChanges'>) => queries.setQueryData(KEY, await call(api.PATCH('/api/v1/setup', { body })));
  const goOn = async () => {
    const after = STEPS[place + 1];
    // What the next step begins with may be what this one has just stored.
    await query.refetch();
    if (after) setChosen(after);
    window.scrollTo({ top: 0 });
  };
  const skip = async () => {
    const skipped = [...setup.steps.filter((step) => step.state === 'skipped').map((step) => step.id), shown];
    try {
      await save({ skipped });
      await goOn();
    } catch (error) {
      notify.failed(error);
    }
  };
  const leave = async (closed: boolean) => {
    sessionStorage.setItem(`quaylai.welcome.left.${session?.workspace ?? ''}`, 'yes');
    if (closed) await save({ closed: true }).catch(notify.failed);
    await navigate({ to: '/' });
  };
  const Part = PARTS[shown];
  const isLast = place === STEPS.length - 1;
  const isAllDone = setup.current === null;
  return (
    <Page title={t('title')} text={t('text')} actions={<Button variant="subtle" color="gray" onClick={() => void leave(false)}>{t('later')}</Button>}>
      <div className={classes.place}>
        <nav aria-label={t('steps')} className={classes.rail}>
          <Group justify="space-between" mb={8}>
            <Text size="sm" fw={600}>{t('progress', { done, all: STEPS.length })}</Text>
            <Text size="xs" c="dimmed">{t('minutes')}</Text>
          </Group>
          <Progress value={(100 * done) / STEPS.length} size="sm" mb="md" aria-label={t('progress', { done, all: STEPS.length })} />
          <ol className={classes.list}>
            {STEPS.map((id, at) => {
              const state = stateOf(id);
              return (
                <li key={id}>
                  <button type="button" className={classes.step} aria-current={id === shown ? 'step' : undefined} onClick={() => setChosen(id)}>
                    {state === 'done'
                      ? <IconCircleCheckFilled size={22} color="var(--ql-good)" role="img" aria-label={t('state.done')} />
                      : state === 'skipped'
                        ? <IconPlayerSkipForward size={20} color="var(--mantine-color-dimmed)" role="img" aria-label={t('state.skipped')} />
                        : <IconCircleDashed size={22} color="var(--mantine-color-dimmed)" role="img" aria-label={t('state.todo')} />}
                    <span>
                      <b>{t('number', { number: at + 1 })} {t(`step.${id}`)}</b>
                      <small>{t(`stepText.${id}`)}</small>
                    </span>
                  </button>
                </li>
              );
            })}
          </ol>
        </nav>
        <Card className={classes.card} component="section" aria-labelledby="welcome-step">
          <Title order={2} id="welcome-step">{t(`head.${shown}`)}</Title>
          <Text c="dimmed" mt={4} mb="lg">{t(`headText.${shown}`)}</Text>
          <Part key={shown} setup={setup} next={() => void goOn()} />
          <Group justify="space-between" mt="xl" pt="md" className={classes.foot}>
            {place > 0 ? <Button variant="subtle" color="gray" onClick={() => setChosen(STEPS[place - 1] ?? 'shop')}>{t('back')}</Button> : <span />}
            {!isLast && stateOf(shown) !== 'done' && <Anchor component="button" type="button" size="sm" onClick={() => void skip()}>{t('skip')}</Anchor>}
            {!isLast && stateOf(shown) === 'done' && <Button variant="light" onClick={() => void goOn()}>{t('next')}</Button>}
            {isLast && <Button variant={isAllDone ? 'filled' : 'default'} onClick={() => void leave(true)}>{t('finish')}</Button>}
          </Group>
        </Card>
      </div>
    </Page>
  );
}
