/** What holds for the whole journey: its name, who may enter, its goal, what ends it early; and what the shop has set for all. */
import { ActionIcon, Anchor, Button, Divider, Group, NumberInput, Paper, Select, Stack, Switch, Text, Textarea } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { settingsQuery } from '../../../app/session';
import { Budget } from '../../../parts/Budget';
import { ofDefinition, useEditor, useEditorStore } from '../editor/store';
import { type Definition, type EntryDoc, type ExitRuleDoc, type GoalDoc, LIMITS } from '../model';
import { ConditionField } from './ConditionField';
import { DurationField, EventField, LineField, useProblem, WhereField } from './fields';

function withoutEmpty<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

interface Policy {
  policy?: { holdout_percent?: number; quiet_hours?: { from?: string; to?: string } | null; caps?: unknown; [key: string]: unknown };
}

function ShopRules() {
  const { t } = useTranslation('journeys');
  const settings = useQuery(settingsQuery).data as Policy | undefined;
  const policy = settings?.policy ?? {};
  const holdout = policy.holdout_percent ?? 0;
  return (
    <Paper withBorder radius="md" p="sm">
      <Text size="sm" fw={600} mb={4}>{t('settings.shop')}</Text>
      <Text size="sm" c="dimmed">{t('settings.shopText')}</Text>
      <Text size="sm" mt="xs">{holdout > 0 ? t('settings.holdout', { percent: holdout }) : t('settings.noHoldout')}</Text>
      <Anchor component={Link} to="/settings" size="sm">{t('settings.shopLink')}</Anchor>
    </Paper>
  );
}

export function SettingsForm() {
  const { t } = useTranslation(['journeys', 'spending']);
  const { id } = useParams({ strict: false }) as { id?: string };
  const editor = useEditorStore();
  const definition = useEditor(ofDefinition);
  const change = (make: (now: Definition) => Definition, key: string | null = null): void => editor.edit(make, key);
  const entry = definition.entry ?? {};
  const setEntry = (fields: Partial<Record<keyof EntryDoc, unknown>>, key: string | null = null): void =>
    change((now) => {
      const made = withoutEmpty({ ...now.entry, ...fields } as EntryDoc);
      const { entry: _, ...more } = now;
      return Object.keys(made).length > 0 ? { ...more, entry: made } : (more as Definition);
    }, key);
  const setGoal = (goal: GoalDoc | undefined, key: string | null = null): void =>
    change((now) => {
      const { goal: _, ...more } = now;
      return goal ? { ...more, goal: withoutEmpty(goal) } : (more as Definition);
    }, key);
  const rules = definition.exit_when ?? [];
  const setRules = (made: ExitRuleDoc[], key: string | null = null): void =>
    change((now) => {
      const { exit_when: _, ...more } = now;
      return made.length > 0 ? { ...more, exit_when: made.map(withoutEmpty) } : (more as Definition);
    }, key);
  const setRule = (index: number, part: Partial<ExitRuleDoc>, key: string | null = null): void => setRules(rules.map((one, i) => (i === index ? { ...one, ...part } : one)), key);
  const most = useProblem('entry.max_runs_at_once');
  const goal = definition.goal;
  const reentry = entry.reentry ?? 'when_not_running';
  return (
    <Stack>
      <LineField path="name" label={t('settings.name')} value={definition.name} maxLength={200} onChange={(name) => change((now) => ({ ...now, name }), 'name')} />
      <Textarea
        label={t('settings.description')} autosize minRows={2} maxRows={6} maxLength={2000} value={definition.description ?? ''}
        onChange={(event) => {
          const description = event.currentTarget.value;
          change((now) => {
            const { description: _, ...more } = now;
            return description ? { ...more, description } : (more as Definition);
          }, 'description');
        }}
      />
      <Divider label={t('settings.entry')} labelPosition="left" />
      <Select
        label={t('settings.reentry')} value={reentry} allowDeselect={false} data={(['when_not_running', 'once', 'always'] as const).map((one) => ({ value: one, label: t(`reentry.${one}`) }))}
        onChange={(value) => setEntry({ reentry: value === 'when_not_running' ? undefined : value, ...(value === 'always' ? {} : { max_runs_at_once: undefined }) })}
      />
      {reentry === 'always' && (
        <NumberInput label={t('settings.atOnce')} min={1} max={100} value={entry.max_runs_at_once ?? 10} error={most} onChange={(value) => setEntry({ max_runs_at_once: Number(value) || 1 }, 'max')} />
      )}
      {reentry !== 'once' && (
        <>
          <Switch label={t('settings.hasCooldown')} checked={entry.cooldown !== undefined} onChange={(event) => setEntry({ cooldown: event.currentTarget.checked ? '30d' : undefined })} />
          {entry.cooldown !== undefined && <DurationField path="entry.cooldown" label={t('settings.cooldown')} value={entry.cooldown} onChange={(cooldown) => setEntry({ cooldown }, 'cooldown')} />}
        </>
      )}
      <Switch label={t('settings.hasWhen')} checked={entry.when !== undefined} onChange={(event) => setEntry({ when: event.currentTarget.checked ? { all: [] } : undefined })} />
      {entry.when !== undefined && <ConditionField path="entry.when" context="event" label={t('settings.when')} value={entry.when} onChange={(when) => setEntry({ when }, 'entry.when')} />}
      <Divider label={t('settings.goal')} labelPosition="left" />
      <Switch label={t('settings.hasGoal')} description={t('settings.goalText')} checked={goal !== undefined} onChange={(event) => setGoal(event.currentTarget.checked ? { event: 'Order Completed', within: '7d' } : undefined)} />
      {goal && (
        <>
          <EventField path="goal.event" value={goal.event} onChange={(event) => setGoal({ ...goal, event }, 'goal.event')} />
          <WhereField path="goal" event={goal.event} value={goal.where} onChange={(where) => setGoal({ ...goal, ...(where ? { where } : { where: undefined as never }) }, 'goal.where')} />
          <Switch label={t('settings.hasWithin')} checked={goal.within !== undefined} onChange={(event) => setGoal({ ...goal, within: event.currentTarget.checked ? '7d' : (undefined as never) })} />
          {goal.within !== undefined && <DurationField path="goal.within" label={t('settings.within')} value={goal.within} onChange={(within) => setGoal({ ...goal, within }, 'goal.within')} />}
        </>
      )}
      <Divider label={t('settings.exits')} labelPosition="left" />
      <Text size="sm" c="dimmed">{t('settings.exitsText')}</Text>
      {rules.map((rule, i) => (
        <Paper key={i} withBorder radius="md" p="sm">
          <Group justify="space-between" mb="xs" wrap="nowrap">
            <Text size="sm" fw={600}>{t('settings.rule', { number: i + 1 })}</Text>
            <ActionIcon aria-label={t('settings.removeRule', { number: i + 1 })} onClick={() => setRules(rules.filter((_, at) => at !== i))}><IconTrash size={16} aria-hidden /></ActionIcon>
          </Group>
          <Stack gap="sm">
            <Select
              label={t('settings.ruleKind')} value={rule.event !== undefined && rule.when !== undefined ? 'both' : rule.when !== undefined ? 'when' : 'event'} allowDeselect={false}
              data={(['event', 'when', 'both'] as const).map((one) => ({ value: one, label: t(`rule.${one}`) }))}
              onChange={(kind) => {
                const { event, when, where, ...more } = rule;
                const asked = kind === 'event' || kind === 'both' ? { event: event ?? '', ...(where ? { where } : {}) } : {};
                setRules(rules.map((one, at) => (at === i ? { ...more, ...asked, ...(kind === 'when' || kind === 'both' ? { when: when ?? { all: [] } } : {}) } : one)));
              }}
            />
            {rule.event !== undefined && (
              <>
                <EventField path={`exit_when.${i}.event`} value={rule.event} onChange={(event) => setRule(i, { event }, `exit.${i}`)} />
                <WhereField path={`exit_when.${i}`} event={rule.event} value={rule.where} onChange={(where) => setRule(i, { where: where as never }, `exit.${i}.where`)} />
              </>
            )}
            {rule.when !== undefined && <ConditionField path={`exit_when.${i}.when`} context="journey" label={t('settings.ruleWhen')} value={rule.when} onChange={(when) => setRule(i, { when }, `exit.${i}.when`)} />}
            <LineField path={`exit_when.${i}.reason`} label={t('field.reason')} value={rule.reason} onChange={(reason) => setRule(i, { reason: (reason || undefined) as never }, `exit.${i}.reason`)} />
          </Stack>
        </Paper>
      ))}
      {rules.length < LIMITS.exits && (
        <Button variant="light" size="sm" leftSection={<IconPlus size={16} aria-hidden />} style={{ alignSelf: 'flex-start' }} onClick={() => setRules([...rules, { event: 'Order Completed' }])}>{t('settings.addRule')}</Button>
      )}
      {id && (
        <>
          <Divider label={t('spending:journey')} labelPosition="left" />
          <Budget scope={`journey:${id}`} label={t('spending:journeyBudget')} text={t('spending:journeyText')} />
        </>
      )}
      <ShopRules />
    </Stack>
  );
}
