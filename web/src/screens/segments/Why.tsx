/** Why a chosen customer is in or out: every part of the condition with its verdict and what was seen. */
import { Alert, Card, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleX, IconUserSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { EmptyState } from '../../parts/EmptyState';
import { ProfilePicker } from '../../parts/pickers';
import { Panel } from '../../parts/Panel';
import { LeafText } from './editor/ConditionText';
import { useWords } from './editor/words';
import { parse, profileField, sayOperand, type Words } from './grammar';
import css from './segments.module.css';

type Account = Schema<'ExplanationView'>;
type Compared = Schema<'ComparedView'>;

function Mark({ holds }: { holds: boolean }) {
  const { t } = useTranslation('segments');
  return holds ? <IconCircleCheck size={18} color="var(--ql-good)" role="img" aria-label={t('why.holds')} /> : <IconCircleX size={18} color="var(--ql-bad)" role="img" aria-label={t('why.holds_not')} />;
}

/** What was seen, in words: `thực tế: 1 lần`. */
function useFact(words: Words) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  return (one: Compared): string => {
    const actual = one.actual as unknown;
    const { what } = one;
    if (actual === null || actual === undefined) return t('why.fact_nothing');
    if (what === 'tag' || what === 'list') return t(actual === true ? `why.fact_${what}_yes` : `why.fact_${what}_no`);
    if (/ at$/.test(what) && typeof actual === 'string') return t('why.fact_at', { at: formats.dateTime(actual) });
    if (/ count$/.test(what) && typeof actual === 'number') return t('why.fact_count', { count: actual, n: formats.number(actual) });
    if (what.startsWith('bucket ')) return t('why.fact_bucket', { n: formats.number(Number(actual), 2) });
    if (typeof actual === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(actual)) return t('why.fact', { value: formats.dateTime(actual) });
    const field = profileField(what);
    const said = Array.isArray(actual)
      ? actual.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))).join(', ')
      : typeof actual === 'object' ? JSON.stringify(actual) : sayOperand(actual as string | number | boolean, field?.kind ?? (/(net|total|revenue|price)$/.test(what) ? 'money' : undefined), what, words) ?? String(actual);
    return t('why.fact', { value: said });
  };
}

function Part({ account, words, name }: { account: Account; words: Words; name: (id: string) => string }) {
  const { t } = useTranslation('segments');
  const { t: conditions } = useTranslation('conditions');
  const fact = useFact(words);
  if (account.kind === 'leaf' || account.kind === 'segment') {
    const node = parse(account.condition).root.parts[0];
    return (
      <li data-holds={account.holds} data-path={account.path}>
        <div className={css.verdict}>
          <Mark holds={account.holds} />
          <div>
            <Text size="sm" component="div">{node?.kind === 'leaf' && <LeafText node={node} words={words} />}</Text>
            {account.compared.map((one, at) => <Text key={at} size="xs" c="dimmed">{fact(one)}</Text>)}
          </div>
        </div>
        {account.parts.length > 0 && <ul className={css.tree}>{account.parts.map((part, at) => <Part key={at} account={part} words={words} name={name} />)}</ul>}
      </li>
    );
  }
  const [only] = account.parts;
  if (account.kind === 'none' && account.parts.length === 1 && only && (only.kind === 'leaf' || only.kind === 'segment')) {
    // "Has not": one sentence, as it was written.
    const node = parse({ none: [only.condition] }).root.parts[0];
    return (
      <li data-holds={account.holds} data-path={account.path}>
        <div className={css.verdict}>
          <Mark holds={account.holds} />
          <div>
            <Text size="sm" component="div">{node?.kind === 'leaf' && <LeafText node={node} words={words} />}</Text>
            {only.compared.map((one, at) => <Text key={at} size="xs" c="dimmed">{fact(one)}</Text>)}
          </div>
        </div>
      </li>
    );
  }
  return (
    <li data-holds={account.holds} data-path={account.path}>
      <div className={css.verdict}>
        <Mark holds={account.holds} />
        <Text size="sm" fw={600}>{t('why.group', { join: conditions(`join.${account.kind}`) })}</Text>
      </div>
      <ul className={css.tree}>{account.parts.map((part, at) => <Part key={at} account={part} words={words} name={name} />)}</ul>
    </li>
  );
}

/** All conditions inside of an account, so that the names in them are looked up. */
const conditionsOf = (account: Account): unknown[] => [account.condition ?? null, ...account.parts.flatMap(conditionsOf)];

function Verdict({ id, profile }: { id: string; profile: string }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const told = useQuery({
    queryKey: ['segments', id, 'explain', profile],
    queryFn: () => call(api.GET('/api/v1/segments/{id}/explain', { params: { path: { id }, query: { profile } } })),
  });
  const words = useWords(told.data ? conditionsOf(told.data.tree) : null);
  if (told.isPending) return <Stack aria-busy="true"><Skeleton h={60} /><Skeleton h={160} /></Stack>;
  if (told.error) return <ErrorNote error={told.error} retry={() => void told.refetch()} />;
  const { member, changes_at, entered_at, tree } = told.data;
  return (
    <Stack>
      <Alert color={member ? 'teal' : 'gray'} icon={member ? <IconCircleCheck aria-hidden /> : <IconCircleX aria-hidden />} title={t(member ? 'why.in' : 'why.out')} data-member={member}>
        <Text size="sm">
          {member && entered_at ? `${t('why.since', { at: formats.dateTime(entered_at) })} ` : ''}
          {changes_at ? t(member ? 'why.leaves' : 'why.enters', { at: formats.dateTime(changes_at) }) : t('why.stays')}
        </Text>
      </Alert>
      <Card padding="md">
        <ul className={css.tree} aria-label={t('why.tree')}><Part account={tree} words={words} name={(one) => one} /></ul>
      </Card>
    </Stack>
  );
}

export default function Why({ id }: { id: string }) {
  const { t } = useTranslation('segments');
  const search = useSearch({ strict: false }) as { profile?: string; tab?: string };
  const navigate = useNavigate();
  const profile = search.profile ?? null;
  return (
    <Panel title={t('why.title')} text={t('why.text')}>
      <Stack>
        <Group>
          <ProfilePicker
            label={t('why.whom')} value={profile} w={{ base: '100%', sm: 360 }} clearable
            onChange={(next) => void navigate({ to: `/segments/${id}`, search: { tab: 'why', profile: next ?? undefined } as never, replace: true })}
          />
        </Group>
        <Suspense fallback={<Skeleton h={120} />}>
          {profile ? <Verdict id={id} profile={profile} /> : <EmptyState Icon={IconUserSearch} title={t('why.choose')} text={t('why.choose_text')} />}
        </Suspense>
      </Stack>
    </Panel>
  );
}
