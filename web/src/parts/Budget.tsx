/** What messages may cost: a day, a month, a campaign, a journey. Beyond it they wait. */
import { Button, Group, Progress, Skeleton, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../api';
import { useMay } from '../app/session';
import { ErrorNote } from './ErrorNote';
import { Money, useFormats } from './format';
import { MoneyInput } from './MoneyInput';
import { notify } from './notify';
import { StatusBadge } from './StatusBadge';

export type BudgetView = Schema<'BudgetView'>;

export const budgetsQuery = { queryKey: ['settings', 'budgets'], queryFn: async () => (await call(api.GET('/api/v1/budgets'))).items };

const TONES = { fine: 'good', near: 'wait', spent: 'bad' } as const;

export function budgetState(budget: { amount: number; spent: number; is_near: boolean }): keyof typeof TONES {
  return budget.spent >= budget.amount ? 'spent' : budget.is_near ? 'near' : 'fine';
}

/** How much of a budget is gone. */
export function BudgetMeter({ budget, label }: { budget: BudgetView; label: string }) {
  const { t } = useTranslation('spending');
  const formats = useFormats();
  const state = budgetState(budget);
  const percent = budget.amount > 0 ? Math.min(100, (100 * budget.spent) / budget.amount) : 100;
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text size="sm"><Money value={budget.spent} /> <Text span size="sm" c="dimmed">{t('of', { amount: formats.money(budget.amount) })}</Text></Text>
        <StatusBadge tone={TONES[state]}>{t(`state.${state}`)}</StatusBadge>
      </Group>
      <Progress value={percent} size="sm" color={`var(--ql-${TONES[state]})`} aria-label={label} />
      <Text size="xs" c="dimmed" mt={4}>{t('messages', { count: budget.messages })}</Text>
    </div>
  );
}

/** The budget of one scope, to see and to change. */
export function Budget({ scope, label, text }: { scope: string; label: string; text: string }) {
  const { t } = useTranslation('spending');
  const may = useMay('workspace.manage');
  const mayRead = useMay('setup.read');
  const query = useQuery({ ...budgetsQuery, enabled: mayRead });
  const budget = query.data?.find((one) => one.scope === scope);
  const [amount, setAmount] = useState<number | null>(null);
  const held = budget?.amount ?? null;
  useEffect(() => setAmount(held), [held]);
  const save = useMutation({
    mutationFn: async (wanted: number | null) => {
      const path = { scope };
      if (wanted === null) await call(api.DELETE('/api/v1/budgets/{scope}', { params: { path } }));
      else await call(api.PUT('/api/v1/budgets/{scope}', { params: { path }, body: { amount: wanted } }));
    },
    onSuccess: async (_, wanted) => {
      await refresh('settings', 'home');
      if (wanted !== null) notify.done(t('saved'));
      else if (held !== null) notify.undo(t('removed'), () => save.mutateAsync(held));
    },
    onError: notify.failed,
  });
  if (!mayRead) return null;
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton h={64} />;
  return (
    <Stack gap="sm">
      {budget && <BudgetMeter budget={budget} label={label} />}
      {may ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (amount !== held) save.mutate(amount);
          }}
        >
          <Group align="flex-end" gap="xs">
            <MoneyInput label={label} description={text} placeholder={t('none')} value={amount} onChange={setAmount} style={{ flex: '1 1 200px' }} />
            <Button type="submit" variant="default" loading={save.isPending} disabled={amount === held}>{t('save')}</Button>
            {budget && <Button variant="subtle" color="gray" onClick={() => save.mutate(null)} disabled={save.isPending} aria-label={t('removeOf', { label })}>{t('remove')}</Button>}
          </Group>
        </form>
      ) : !budget && <Text size="sm" c="dimmed">{label}: {t('none')}</Text>}
      {amount === 0 && <Text size="xs" c="var(--ql-wait)">{t('zero')}</Text>}
    </Stack>
  );
}
