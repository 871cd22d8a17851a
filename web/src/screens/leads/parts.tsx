/** What both the list of leads and a customer's page show of a lead. */
import { Badge, Group, Select, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { StatusBadge } from '../../parts/StatusBadge';
import { assigneesQuery, changeLead, isStatus, sourceOf, STATUSES, statusTone, type Lead } from './model';

export function Points({ value }: { value: number }) {
  const formats = useFormats();
  const tone = value < 0 ? 'bad' : value > 0 ? 'good' : 'calm';
  return <Text span size="sm" fw={600} className="ql-num" c={`var(--ql-${tone})`}>{value > 0 ? '+' : ''}{formats.number(value, Number.isInteger(value) ? 0 : 1)}</Text>;
}

export function Grade({ name }: { name: string | null | undefined }) {
  const { t } = useTranslation('leads');
  return name ? <Badge variant="outline" color="gray" size="lg" radius="sm" tt="none">{name}</Badge> : <Text span size="sm" c="dimmed">{t('noGrade')}</Text>;
}

/** What gave and took most, in one line. */
export function Reasons({ lead }: { lead: Lead }) {
  return (
    <Group gap="xs" style={{ rowGap: 2 }}>
      {lead.reasons.map((reason) => <Text span key={reason.rule} size="xs" c="dimmed">{reason.name} <Points value={reason.points} /></Text>)}
    </Group>
  );
}

/** Says how it stands with a lead; what was said before is a click away. */
export function useStatusChange() {
  const { t } = useTranslation('leads');
  return async (lead: Lead, status: string) => {
    const before = lead.status;
    try {
      await changeLead(lead.profile_id, { status });
      if (before) notify.undo(t('saved'), async () => { await changeLead(lead.profile_id, { status: before }); });
      else notify.done(t('saved'));
    } catch (error) {
      notify.failed(error);
    }
  };
}

export function StatusOf({ lead }: { lead: Lead }) {
  const { t } = useTranslation('leads');
  const mayChange = useMay('people.change');
  const change = useStatusChange();
  if (!mayChange) return isStatus(lead.status) ? <StatusBadge tone={statusTone[lead.status]}>{t(`status.${lead.status}`)}</StatusBadge> : <Text span size="sm" c="dimmed">{t('noStatus')}</Text>;
  return (
    <Select
      size="xs" w={150} aria-label={t('statusOf', { name: lead.name ?? lead.email ?? lead.phone ?? t('nameless') })} placeholder={t('noStatus')} allowDeselect={false} comboboxProps={{ withinPortal: true }}
      value={lead.status ?? null} data={STATUSES.map((one) => ({ value: one, label: t(`status.${one}`) }))} onChange={(status) => status && void change(lead, status)}
    />
  );
}

export function AssigneeOf({ lead }: { lead: Lead }) {
  const { t } = useTranslation('leads');
  const mayChange = useMay('people.change');
  const known = useQuery(assigneesQuery);
  const all = known.data?.items ?? [];
  const nameOf = (address: string) => all.find((one) => one.address === address)?.name ?? address;
  if (!mayChange) return <Text span size="sm" c={lead.assignee ? undefined : 'dimmed'}>{lead.assignee ? nameOf(lead.assignee) : t('nobody')}</Text>;
  const give = async (assignee: string) => {
    const before = lead.assignee ?? '';
    try {
      await changeLead(lead.profile_id, { assignee });
      notify.undo(t('saved'), async () => { await changeLead(lead.profile_id, { assignee: before }); });
    } catch (error) {
      notify.failed(error);
    }
  };
  const data = all.map((one) => ({ value: one.address, label: one.name || one.address }));
  if (lead.assignee && !data.some((one) => one.value === lead.assignee)) data.push({ value: lead.assignee, label: lead.assignee });
  return (
    <Select
      size="xs" w={170} searchable clearable clearButtonProps={{ 'aria-label': t('giveNobody') }} aria-label={t('assigneeOf', { name: lead.name ?? lead.email ?? lead.phone ?? t('nameless') })} placeholder={t('nobody')}
      comboboxProps={{ withinPortal: true }} value={lead.assignee ?? null} data={data} onChange={(who) => void give(who ?? '')}
    />
  );
}

/** A reason of the chance to buy, in words with its value. */
export function useCauseWords() {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  return (code: string, value: number): string => {
    const source = sourceOf(code);
    if (source !== null) return t(value > 0 ? 'cause.source' : 'cause.notSource', { source });
    if (['has_email', 'has_phone', 'consent', 'refused'].includes(code)) return t(`cause.${code}_${value > 0 ? 'yes' : 'no'}`);
    return t(`cause.${code}`, { count: value, shown: formats.number(value) });
  };
}

/** The name of a signal, for tables. */
export function useSignalName() {
  const { t } = useTranslation('leads');
  return (code: string): string => {
    const source = sourceOf(code);
    return source === null ? t(`signal.${code}`) : t('signal.source', { source });
  };
}
