import { Anchor, Button, Checkbox, Collapse, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../api';
import { language } from '../../app/i18n';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { StatusBadge } from '../../parts/StatusBadge';
import type { StepProps } from './WelcomePage';
import classes from './welcome.module.css';

type Scenario = Schema<'ScenarioView'>;

/** A cart that was left is brought to mind at once when it counts as left: an hour after its last change. */
const PARAMETERS: Record<string, Record<string, unknown>> = { 'cart-abandonment': { first_after: '0h' } };

/** Ready scenarios, three of them chosen already; one press makes and publishes them. */
export function JourneysStep({ setup, next }: StepProps) {
  const { t } = useTranslation('welcome');
  const maySend = useMay('messages.send');
  const query = useQuery({ queryKey: ['journeys', 'scenarios'], queryFn: () => call(api.GET('/api/v1/scenarios')) });
  const [picked, setPicked] = useState<string[] | null>(null);
  const [isAll, setAll] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const said = (words: { vi: string; en: string }) => words[language()];
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Stack gap="xs">{[0, 1, 2].map((at) => <Skeleton key={at} h={84} radius="md" />)}</Stack>;
  const all = query.data.items;
  const isActive = (one: Scenario) => one.installed === 'active';
  const chosen = picked ?? setup.recommended.filter((slug) => all.some((one) => one.slug === slug && !isActive(one)));
  const first = setup.recommended.map((slug) => all.find((one) => one.slug === slug)).filter((one): one is Scenario => one !== undefined);
  const others = all.filter((one) => !setup.recommended.includes(one.slug));
  const set = (slug: string, on: boolean) => setPicked(on ? [...chosen, slug] : chosen.filter((one) => one !== slug));
  const install = async () => {
    setBusy(true);
    try {
      for (const slug of chosen) {
        await call(api.POST('/api/v1/scenarios/{slug}/install', { params: { path: { slug } }, body: { publish: true, parameters: (PARAMETERS[slug] ?? {}) as never } }));
      }
      setPicked([]);
      await query.refetch();
      notify.done(t('journeys.done', { count: chosen.length }));
      next();
    } catch (error) {
      notify.failed(error);
    } finally {
      setBusy(false);
    }
  };
  const card = (one: Scenario) => {
    const on = chosen.includes(one.slug);
    return (
      <label key={one.slug} className={classes.pick} data-on={on || isActive(one)}>
        <Checkbox checked={on || isActive(one)} disabled={isActive(one)} aria-label={said(one.name)} onChange={(event) => set(one.slug, event.currentTarget.checked)} mt={2} />
        <span>
          <Group gap="xs">
            <Text component="span" fw={600}>{said(one.name)}</Text>
            {isActive(one) && <StatusBadge tone="good">{t('journeys.active')}</StatusBadge>}
            {!isActive(one) && setup.recommended.includes(one.slug) && <StatusBadge tone="accent">{t('journeys.recommended')}</StatusBadge>}
          </Group>
          <p>{one.slug === 'cart-abandonment' ? t('journeys.cart') : said(one.summary)}</p>
        </span>
      </label>
    );
  };
  return (
    <Stack>
      <div>{first.map(card)}</div>
      <div>
        <Anchor component="button" type="button" size="sm" aria-expanded={isAll} onClick={() => setAll(!isAll)}>{isAll ? t('journeys.less') : t('journeys.more', { count: others.length })}</Anchor>
        <Collapse expanded={isAll}><div style={{ marginTop: 10 }}>{others.map(card)}</div></Collapse>
      </div>
      {!maySend && <Text size="sm" c="dimmed">{t('journeys.notAllowed')}</Text>}
      <Group>
        <Button onClick={() => void install()} loading={isBusy} disabled={chosen.length === 0 || !maySend}>{t('journeys.install', { count: chosen.length })}</Button>
        {setup.journeys_active > 0 && <Button variant="default" onClick={next}>{t('next')}</Button>}
        <Anchor component={Link} to="/library" size="sm">{t('journeys.look')}</Anchor>
      </Group>
    </Stack>
  );
}
