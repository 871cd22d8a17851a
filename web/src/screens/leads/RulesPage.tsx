/** The rules of lead scoring, with what they would make of everybody now beside them. */
import { ActionIcon, Alert, Anchor, Button, Group, Menu, MultiSelect, NumberInput, SegmentedControl, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconBolt, IconPlus, IconTrash, IconUserCheck, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh, type Problem } from '../../api';
import { useMay } from '../../app/session';
import { ConditionEditor, FilterEditor } from '../../parts/ConditionEditor';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { EventSelect } from './EventSelect';
import { assigneesQuery, firstRules, newId, rulesQuery, type Rule, type Rules } from './model';
import { PreviewPanel } from './PreviewPanel';
import { WaitingNote } from './WaitingNote';

const whole = (told: string | number, otherwise: number): number => (typeof told === 'number' && Number.isFinite(told) ? Math.round(told) : otherwise);
const opt = (told: string | number): number | undefined => (typeof told === 'number' && Number.isFinite(told) ? Math.round(told) : undefined);

function useProblems(problem: Problem | null) {
  const all = problem?.fields ?? [];
  return {
    at: (path: string) => all.find((one) => one.path === path)?.message,
    below: (path: string) => all.filter((one) => one.path?.startsWith(`${path}.`) || one.path === path).map((one) => ({ path: one.path?.slice(path.length + 1) ?? '', message: one.message })),
  };
}

function RuleBox({ rule, change, remove, problems, path, isReadOnly }: { rule: Rule; change: (rule: Rule) => void; remove: () => void; problems: ReturnType<typeof useProblems>; path: string; isReadOnly: boolean }) {
  const { t } = useTranslation('leads');
  const put = (more: Partial<Rule>) => {
    const next = { ...rule, ...more };
    for (const key of ['cap', 'per', 'half_life_days'] as const) if (next[key] === undefined) delete next[key];
    change(next);
  };
  return (
    <Panel padding="md">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm" wrap="nowrap">
          <TextInput style={{ flex: 1 }} label={t('rule.name')} value={rule.name} maxLength={80} readOnly={isReadOnly} error={problems.at(`${path}.name`)} onChange={(event) => put({ name: event.currentTarget.value })} />
          <NumberInput w={110} label={t('rule.points')} value={rule.points} min={-1000} max={1000} allowDecimal={false} readOnly={isReadOnly} error={problems.at(`${path}.points`)} onChange={(points) => put({ points: whole(points, 0) })} />
          {!isReadOnly && <ActionIcon size={36} variant="subtle" color="gray" aria-label={t('rule.remove', { name: rule.name })} onClick={remove}><IconTrash size={17} aria-hidden /></ActionIcon>}
        </Group>
        {rule.on ? (
          <Stack gap="xs">
            <EventSelect label={t('rule.event')} value={rule.on.event} isReadOnly={isReadOnly} error={problems.at(`${path}.on.event`)} onChange={(event) => put({ on: { event } })} />
            {rule.on.event && <FilterEditor key={rule.on.event} value={rule.on.where ?? []} event={rule.on.event} context="segment" isReadOnly={isReadOnly} onChange={(where) => put({ on: { event: rule.on?.event ?? '', ...(where.length ? { where } : {}) } })} />}
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <NumberInput label={t('rule.halfLife')} description={t('rule.halfLifeText')} placeholder={t('rule.forever')} min={1} max={3650} allowDecimal={false} value={rule.half_life_days ?? ''} readOnly={isReadOnly} error={problems.at(`${path}.half_life_days`)} onChange={(days) => put({ half_life_days: opt(days) })} />
              <NumberInput label={t('rule.cap')} description={t('rule.capText')} placeholder={t('rule.none')} min={1} max={100000} allowDecimal={false} value={rule.cap ?? ''} readOnly={isReadOnly} error={problems.at(`${path}.cap`)} onChange={(cap) => put({ cap: opt(cap) })} />
              <NumberInput label={t('rule.per')} description={t('rule.perText')} placeholder={t('rule.none')} min={1} max={100000} allowDecimal={false} value={rule.per?.points ?? ''} readOnly={isReadOnly} error={problems.at(`${path}.per.points`)} onChange={(points) => { const told = opt(points); put({ per: told === undefined ? undefined : { points: told, days: rule.per?.days ?? 1 } }); }} />
              <NumberInput label={t('rule.perDays')} description={t('rule.perDaysText')} min={1} max={366} allowDecimal={false} disabled={!rule.per} value={rule.per?.days ?? ''} readOnly={isReadOnly} error={problems.at(`${path}.per.days`)} onChange={(days) => rule.per && put({ per: { points: rule.per.points, days: whole(days, 1) } })} />
            </SimpleGrid>
          </Stack>
        ) : (
          <ConditionEditor value={rule.when ?? null} context="segment" isPlain isReadOnly={isReadOnly} problems={problems.below(`${path}.when`)} onChange={(when) => put({ when: when ?? {} })} />
        )}
      </Stack>
    </Panel>
  );
}

export default function RulesPage() {
  const stored = useQuery(rulesQuery);
  if (stored.isPending) return <PageSkeleton />;
  if (stored.error) return <ErrorNote error={stored.error} retry={() => void stored.refetch()} />;
  return <Editor key={stored.data.version} version={stored.data.version} stored={(stored.data.rules as unknown as Rules | null) ?? null} />;
}

function Editor({ version, stored }: { version: number; stored: Rules | null }) {
  const { t } = useTranslation('leads');
  const mayChange = useMay('setup.change');
  const [rules, setRules] = useState<Rules>(() => stored ?? firstRules(t as (key: string) => string));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSaving, setSaving] = useState(false);
  const assignees = useQuery({ ...assigneesQuery, enabled: mayChange });
  const [settled] = useDebouncedValue(rules, 600);
  const problems = useProblems(problem);
  const isChanged = JSON.stringify(rules) !== JSON.stringify(stored);
  const change = (more: Partial<Rules>) => setRules((held) => ({ ...held, ...more }));
  const put = (at: number, rule: Rule) => change({ rules: rules.rules.map((held, place) => (place === at ? rule : held)) });
  const add = (rule: Omit<Rule, 'id'>) => change({ rules: [...rules.rules, { id: newId(rules.rules), ...rule }] });
  const save = async () => {
    setSaving(true);
    try {
      await call(api.PUT('/api/v1/lead-rules', { body: { rules: rules as never, version } }));
      setProblem(null);
      notify.done(t('rulesSaved'));
      await refresh('segments', 'people');
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setSaving(false);
    }
  };
  const grade = (at: number, more: Partial<{ name: string; from: number }>) => change({ grades: rules.grades.map((held, place) => (place === at ? { ...held, ...more } : held)) });
  const { handover } = rules;
  const known = (assignees.data?.items ?? []).map((one) => ({ value: one.address, label: one.name ? `${one.name} · ${one.address}` : one.address }));
  const missing = (handover?.assignees ?? []).filter((who) => !known.some((one) => one.value === who)).map((who) => ({ value: who, label: who }));
  return (
    <Page title={t('rulesTitle')} text={t('rulesText')} above={[{ title: t('title'), to: '/leads' }]} actions={mayChange ? <Button onClick={() => void save()} loading={isSaving} disabled={!isChanged}>{t(version === 0 ? 'rulesStart' : 'rulesSave')}</Button> : undefined}>
      {version === 0 && <Alert variant="light" color="gray" title={t('suggestedTitle')}>{t('suggestedText')}</Alert>}
      {problem && <ErrorNote error={problem} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
        <Stack gap="md">
          {rules.rules.map((rule, at) => <RuleBox key={rule.id} rule={rule} path={`rules.${at}`} problems={problems} isReadOnly={!mayChange} change={(next) => put(at, next)} remove={() => change({ rules: rules.rules.filter((_, place) => place !== at) })} />)}
          {mayChange && (
            <Menu position="bottom-start">
              <Menu.Target><Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} style={{ alignSelf: 'flex-start' }}>{t('rule.add')}</Button></Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconBolt size={16} aria-hidden />} onClick={() => add({ name: t('rule.newEvent'), on: { event: 'Product Viewed' }, points: 5, half_life_days: 14 })}>{t('rule.addEvent')}</Menu.Item>
                <Menu.Item leftSection={<IconUserCheck size={16} aria-hidden />} onClick={() => add({ name: t('rule.newCondition'), when: { attribute: 'email', op: 'exists' }, points: 5 })}>{t('rule.addCondition')}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </Stack>
        <Stack gap="md">
          <PreviewPanel rules={settled} />
          <Panel title={t('grades.title')} text={t('grades.text')}>
            <Stack gap="xs">
              {rules.grades.map((held, at) => (
                <Group key={at} gap="xs" wrap="nowrap" align="flex-end">
                  <TextInput style={{ flex: 1 }} label={at === 0 ? t('grades.name') : undefined} aria-label={t('grades.name')} value={held.name} maxLength={80} readOnly={!mayChange} error={problems.at(`grades.${at}.name`)} onChange={(event) => grade(at, { name: event.currentTarget.value })} />
                  <NumberInput w={110} label={at === 0 ? t('grades.from') : undefined} aria-label={t('grades.from')} value={held.from} allowDecimal={false} readOnly={!mayChange} error={problems.at(`grades.${at}.from`)} onChange={(from) => grade(at, { from: whole(from, 0) })} />
                  {mayChange && <ActionIcon size={36} variant="subtle" color="gray" aria-label={t('grades.remove', { name: held.name })} onClick={() => change({ grades: rules.grades.filter((_, place) => place !== at) })}><IconX size={16} aria-hidden /></ActionIcon>}
                </Group>
              ))}
              {mayChange && rules.grades.length < 10 && <Button variant="subtle" size="compact-sm" style={{ alignSelf: 'flex-start' }} leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ grades: [...rules.grades, { name: t('grades.new'), from: Math.max(rules.floor, (rules.grades.at(-1)?.from ?? 50) - 10) }] })}>{t('grades.add')}</Button>}
              <Group grow>
                <NumberInput label={t('floor')} value={rules.floor} allowDecimal={false} readOnly={!mayChange} error={problems.at('floor')} onChange={(floor) => change({ floor: whole(floor, 0) })} />
                <NumberInput label={t('ceiling')} value={rules.ceiling} allowDecimal={false} readOnly={!mayChange} error={problems.at('ceiling')} onChange={(ceiling) => change({ ceiling: whole(ceiling, 100) })} />
              </Group>
              <div>
                <Text size="sm" fw={500} mb={4} id="lead-audience">{t('audience.title')}</Text>
                <SegmentedControl fullWidth aria-labelledby="lead-audience" disabled={!mayChange} value={rules.audience} onChange={(audience) => change({ audience: audience as Rules['audience'] })} data={[{ value: 'prospects', label: t('audience.prospects') }, { value: 'everyone', label: t('audience.everyone') }]} />
              </div>
            </Stack>
          </Panel>
          <Panel title={t('handover.title')} text={t('handover.text')}>
            <Stack gap="sm">
              <Switch label={t('handover.on')} checked={!!handover} disabled={!mayChange} onChange={(event) => { const { handover: _, ...rest } = rules; setRules(event.currentTarget.checked ? { ...rest, handover: { from: rules.grades[0]?.from ?? 60, rearm_below: rules.grades[1]?.from ?? 30, again_after_days: 30, assignees: [], notify: false } } : rest); }} />
              {stored?.handover && !isChanged && <WaitingNote version={version} names={stored.handover.assignees.map((who) => known.find((one) => one.value === who)?.label ?? who).join(', ')} tells={stored.handover.notify} />}
              {handover && (
                <>
                  <Group grow align="flex-start">
                    <NumberInput label={t('handover.from')} value={handover.from} allowDecimal={false} readOnly={!mayChange} error={problems.at('handover.from')} onChange={(from) => change({ handover: { ...handover, from: whole(from, 60) } })} />
                    <NumberInput label={t('handover.rearm')} value={handover.rearm_below} allowDecimal={false} readOnly={!mayChange} error={problems.at('handover.rearm_below')} onChange={(below) => change({ handover: { ...handover, rearm_below: whole(below, 30) } })} />
                  </Group>
                  <Text size="xs" c="dimmed">{t('handover.rearmText')}</Text>
                  <NumberInput label={t('handover.again')} placeholder={t('handover.once')} value={handover.again_after_days ?? ''} min={0} max={3650} allowDecimal={false} readOnly={!mayChange} onChange={(days) => { const told = opt(days); const { again_after_days: _, ...rest } = handover; change({ handover: told === undefined ? rest : { ...rest, again_after_days: told } }); }} />
                  <MultiSelect label={t('handover.assignees')} description={t('handover.assigneesText')} searchable readOnly={!mayChange} data={[...known, ...missing]} value={handover.assignees} error={problems.below('handover.assignees')[0]?.message} onChange={(who) => change({ handover: { ...handover, assignees: who, notify: who.length > 0 && (handover.notify || handover.assignees.length === 0) } })} />
                  <Switch label={t('handover.notify')} checked={handover.notify} disabled={!mayChange || handover.assignees.length === 0} onChange={(event) => change({ handover: { ...handover, notify: event.currentTarget.checked } })} />
                  <Text size="xs" c="dimmed">{t('handover.contacts')} <Anchor component={Link} to="/settings/contacts" size="xs" underline="always">{t('handover.contactsSee')}</Anchor></Text>
                </>
              )}
            </Stack>
          </Panel>
        </Stack>
      </SimpleGrid>
    </Page>
  );
}
