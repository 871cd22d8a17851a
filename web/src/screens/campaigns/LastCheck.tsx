/** The last check: everybody of the audience is asked for, and nothing is sent. Who will not get it, and why. */
import { Anchor, Button, Card, Collapse, Group, Loader, Progress, Skeleton, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, Problem, type Schema } from '../../api';
import { downloadCsv } from '../../parts/csv';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, Percent, useFormats, When } from '../../parts/format';
import { Note } from '../../parts/Note';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../parts/Reason';
import classes from './composer.module.css';
import { share } from './model';

type Check = Schema<'CampaignCheckView'>;
type Reasons = NonNullable<Check['result']>['refused'];

export const checkQuery = (id: string) => ({
  queryKey: ['campaigns', id, 'check'],
  queryFn: async (): Promise<Check | null> => {
    try {
      return await call(api.GET('/api/v1/campaigns/{id}/check', { params: { path: { id } } }));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    }
  },
});

/** The last check of a campaign as it is written now; it is made anew whenever it was written since. */
export function useCheck(id: string, settle: () => Promise<boolean>, isReady: boolean) {
  const client = useQueryClient();
  const query = useQuery({
    ...checkQuery(id),
    enabled: false,
    refetchInterval: (found) => (found.state.data?.state === 'running' ? 400 : false),
  });
  const start = useMutation({
    mutationFn: async () => {
      await settle();
      return call(api.POST('/api/v1/campaigns/{id}/check', { params: { path: { id } } }));
    },
    onSuccess: (started) => client.setQueryData(checkQuery(id).queryKey, started),
  });
  const isRunning = query.data?.state === 'running';
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => void query.refetch(), 400);
    return () => clearInterval(timer);
  }, [isRunning, query.refetch]);
  useEffect(() => {
    if (isReady) start.mutate();
    // Once for each time that the step is come to.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isReady]);
  const stop = () => void call(api.DELETE('/api/v1/campaigns/{id}/check', { params: { path: { id } } })).then((told) => client.setQueryData(checkQuery(id).queryKey, told));
  return { check: start.isPending ? null : (query.data ?? null), isRunning: start.isPending || isRunning, error: start.error ?? query.error, start: () => start.mutate(), stop };
}

export function LastCheck({ campaign, found }: { campaign: { name: string }; found: ReturnType<typeof useCheck> }) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const words = useWords();
  const { check, isRunning, error } = found;
  const result = check?.result;
  const save = () => {
    if (!result) return;
    const part = (kind: string, reasons: Reasons) => reasons.map((one) => [kind, wordOf(one.reason, words, t), one.people]);
    downloadCsv(`${campaign.name} - ${t('check.title')}`, [
      [t('check.column.what'), t('check.column.why'), t('check.column.people')],
      [t('check.goes'), '', result.goes], ...part(t('check.delayed'), result.delayed), ...part(t('check.refused'), result.refused), ...part(t('check.excluded'), result.excluded),
    ]);
  };
  return (
    <Panel
      title={t('check.title')} text={t('check.text')}
      actions={
        <>
          {result && <Button size="sm" variant="default" onClick={save}>{t('csv')}</Button>}
          <Button size="sm" variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={found.start} disabled={isRunning}>{t('check.again')}</Button>
        </>
      }
    >
      {error ? (
        <ErrorNote error={error} retry={found.start} />
      ) : isRunning || !check ? (
        <Stack gap="sm" aria-live="polite">
          <Group gap="sm">
            <Loader size="sm" />
            <Text size="sm">{check && check.total > 0 ? t('check.asking', { done: formats.number(check.done), total: formats.number(check.total) }) : t('check.gathering')}</Text>
            {isRunning && <Button size="compact-sm" variant="subtle" color="gray" onClick={found.stop}>{t('check.stop')}</Button>}
          </Group>
          <Progress value={check && check.total > 0 ? (check.done * 100) / check.total : 4} aria-label={t('check.progress')} />
          <Skeleton h={90} />
        </Stack>
      ) : check.state !== 'done' || !result ? (
        <Note tone="bad">{check.state === 'cancelled' ? t('check.stopped') : t('check.failed', { detail: check.detail })}</Note>
      ) : (
        <Stack gap="md" data-testid="last-check">
          <Group grow align="stretch" gap="sm" preventGrowOverflow={false}>
            <Figure label={t('check.goes')} value={result.goes} of={result.audience} tone="good" />
            <Figure label={t('check.delayed')} value={sum(result.delayed)} of={result.audience} tone="wait" />
            <Figure label={t('check.refused')} value={sum(result.refused)} of={result.audience} tone="bad" />
          </Group>
          {result.refused.length === 0 && result.delayed.length === 0 ? (
            <Note tone="good">{t('check.all')}</Note>
          ) : (
            <>
              <Why title={t('check.whyNot')} reasons={result.refused} of={result.audience} tone="bad" />
              <Why title={t('check.whyLater')} reasons={result.delayed} of={result.audience} tone="wait" />
            </>
          )}
          <Why title={t('check.whyOut', { count: result.named })} reasons={result.excluded} of={result.named} tone="calm" />
          {result.problems.length > 0 && (
            <Note tone="bad" title={t('check.words', { count: result.problems.length, of: formats.number(result.rendered) })}>
              <Stack gap={4}>
                {result.problems.slice(0, 10).map((one) => (
                  <Text key={one.profile_id} size="sm"><PersonLink id={one.profile_id} />: {words.reason(one.code)}{one.detail && ` (${one.detail})`}</Text>
                ))}
              </Stack>
            </Note>
          )}
          <Text size="xs" c="dimmed">{t('check.asOf')} <When at={check.ended_at} /></Text>
        </Stack>
      )}
    </Panel>
  );
}

export function sum(reasons: { people: number }[]): number {
  return reasons.reduce((all, one) => all + one.people, 0);
}

export function wordOf(reason: string, words: ReturnType<typeof useWords>, t: (key: `out.${string}`) => string): string {
  return reason.startsWith('excluded_') ? t(`out.${reason}`) : words.reason(reason);
}

function Figure({ label, value, of, tone }: { label: string; value: number; of: number; tone: string }) {
  return (
    <Card padding="sm" radius="md" miw={150} style={{ background: `var(--ql-${tone}-tint)`, borderColor: 'transparent' }}>
      <Text size="sm" c={`var(--ql-${tone})`} fw={500}>{label}</Text>
      <Text component="div" fz={24} className="ql-big"><Num value={value} /> <Text span size="sm" fw={400}><Percent value={share(value, of)} /></Text></Text>
    </Card>
  );
}

function Why({ title, reasons, of, tone }: { title: string; reasons: Reasons; of: number; tone: string }) {
  if (reasons.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600} mb={6}>{title}</Text>
      <Stack gap={6}>{reasons.map((one) => <Row key={one.reason} one={one} of={of} tone={tone} />)}</Stack>
    </div>
  );
}

function Row({ one, of, tone }: { one: Reasons[number]; of: number; tone: string }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <div>
      <UnstyledButton onClick={() => setOpen(!isOpen)} aria-expanded={isOpen} w="100%">
        <Group justify="space-between" wrap="nowrap" gap="sm">
          <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }}>
            <IconChevronDown size={16} aria-hidden style={{ flex: 'none', transform: isOpen ? undefined : 'rotate(-90deg)' }} />
            <Text size="sm">{wordOf(one.reason, words, t)}</Text>
          </Group>
          <Text size="sm" fw={600}><Num value={one.people} /></Text>
        </Group>
        <div className={classes.bar} style={{ marginTop: 4 }} aria-hidden>
          <div className={classes.fill} style={{ width: `${(share(one.people, of) ?? 0) * 100}%`, '--ql-tone': `var(--ql-${tone})` } as React.CSSProperties} />
        </div>
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <Stack gap={2} pl={22} py={6}>
          <Text size="xs" c="dimmed">{t('check.sample')}</Text>
          {isOpen && one.sample.map((id) => <Text key={id} size="sm"><PersonLink id={id} /></Text>)}
        </Stack>
      </Collapse>
    </div>
  );
}

export function PersonLink({ id }: { id: string }) {
  const { t } = useTranslation('common');
  const query = useQuery({ queryKey: ['people', id], queryFn: () => call(api.GET('/api/v1/profiles/{id}', { params: { path: { id } } })) });
  const name = query.data ? (query.data.name ?? query.data.email ?? query.data.phone ?? t('nameless')) : '…';
  return <Anchor component={Link} to={`/customers/${id}`} size="sm" underline="always">{name}</Anchor>;
}
