/** A customer as a lead: the score with what made it, the chance to buy, and what sales made of it. */
import { Alert, Anchor, Button, Group, SimpleGrid, Skeleton, Stack, Text, Textarea, Timeline } from '@mantine/core';
import { IconArrowsExchange, IconMedal, IconNote, IconTargetArrow } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { EmptyState } from '../../../parts/EmptyState';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Num, Percent, useFormats, When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { Stat } from '../../../parts/Stat';
import { Trend } from '../../../parts/Trend';
import { leadQuery, type LeadDetail } from '../../leads/model';
import { AssigneeOf, Grade, Points, StatusOf, useCauseWords } from '../../leads/parts';
import type { Profile } from './use';

const LOOK = { grade: IconMedal, handed: IconTargetArrow, status: IconArrowsExchange, note: IconNote } as const;

function History({ lead }: { lead: LeadDetail }) {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  const line = (one: LeadDetail['history'][number]): string => {
    const told = one.details as Record<string, string | number | null>;
    if (one.what === 'note') return String(told.note ?? '');
    if (one.what === 'grade') return told.grade ? t('history.grade', { grade: told.grade, score: formats.number(Number(told.score ?? 0)) }) : t('history.noGrade', { grade: told.from });
    if (one.what === 'handed') return told.assignee ? t('history.handed', { who: told.assignee, score: formats.number(Number(told.score ?? 0)) }) : t('history.handedNobody', { score: formats.number(Number(told.score ?? 0)) });
    const isMoved = (told.assignee ?? null) !== (told.assignee_before ?? null);
    const parts = [told.status !== told.from ? t('history.status', { status: t(`status.${String(told.status)}`) }) : null, isMoved ? (told.assignee ? t('history.given', { who: told.assignee }) : t('history.givenNobody')) : null];
    return parts.filter(Boolean).join(' · ');
  };
  if (lead.history.length === 0) return <Text size="sm" c="dimmed">{t('history.none')}</Text>;
  return (
    <Timeline bulletSize={26} lineWidth={2}>
      {lead.history.map((one, at) => {
        const Icon = LOOK[one.what as keyof typeof LOOK] ?? IconNote;
        return (
          <Timeline.Item key={`${one.at}-${at}`} bullet={<Icon size={14} aria-hidden />}>
            <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{line(one)}</Text>
            <Text size="xs" c="dimmed"><When at={one.at} full /></Text>
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}

function NoteForm({ id }: { id: string }) {
  const { t } = useTranslation('leads');
  const [note, setNote] = useState('');
  const [isSaving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    try {
      await call(api.POST('/api/v1/leads/{id}/notes', { params: { path: { id } }, body: { note: note.trim() } }));
      setNote('');
      await refresh('people');
    } catch (error) {
      notify.failed(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (note.trim()) void save(); }}>
      <Stack gap="xs" mb="md">
        <Textarea label={t('note.label')} placeholder={t('note.example')} value={note} maxLength={4000} autosize minRows={2} onChange={(event) => setNote(event.currentTarget.value)} />
        <Group justify="flex-end"><Button type="submit" size="xs" loading={isSaving} disabled={!note.trim()}>{t('note.add')}</Button></Group>
      </Stack>
    </form>
  );
}

export default function Lead({ profile }: { profile: Profile }) {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  const cause = useCauseWords();
  const mayChange = useMay('people.change');
  const query = useQuery(leadQuery(profile.id));
  if (query.isPending) return <Skeleton h={300} radius="lg" />;
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const lead = query.data;
  const isScored = lead.score !== null && lead.score !== undefined;
  const isLead = isScored || !!lead.status;
  if (!isLead) return <EmptyState Icon={IconTargetArrow} title={t(profile.orders.count > 0 ? 'person.boughtTitle' : 'person.noneTitle')} text={t(profile.orders.count > 0 ? 'person.boughtText' : 'person.noneText')} />;
  const given = lead.parts.filter((part) => part.points !== 0);
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
        <Stat label={t('column.score')} value={<Num value={lead.score} />} unavailable={isScored ? undefined : t('person.noScore')} note={lead.score_until ? t('person.until', { at: formats.dateTime(lead.score_until) }) : undefined} />
        <Stat label={t('column.grade')} value={<Grade name={lead.grade} />} />
        <Stat label={t('column.probability')} help={t('probabilityHelp')} value={<Percent value={lead.probability} digits={1} />} unavailable={lead.probability === null || lead.probability === undefined ? t('person.noProbability') : undefined} />
        <Stat label={t('person.handed')} value={<When at={lead.handed_at} dateOnly />} unavailable={lead.handed_at ? undefined : t('person.notHanded')} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
        <Stack gap="lg">
          <Panel title={t('person.why')} text={t('person.whyText')}>
            {given.length === 0 ? <Text size="sm" c="dimmed">{t('person.nothing')}</Text> : (
              <Stack gap={8}>
                {given.map((part) => (
                  <Group key={part.rule} justify="space-between" wrap="nowrap" gap="md">
                    <div style={{ minWidth: 0 }}>
                      <Text size="sm">{part.name}</Text>
                      {part.events > 0 && <Text size="xs" c="dimmed">{t('person.events', { count: part.events, shown: formats.number(part.events) })} <When at={part.last_at} isPlain /></Text>}
                    </div>
                    <Points value={part.points} />
                  </Group>
                ))}
              </Stack>
            )}
          </Panel>
          {lead.course.length > 1 && (
            <Panel title={t('person.course')} text={t('person.courseText')}>
              <Trend label={t('person.course')} height={160} format={(value) => formats.number(value)} points={lead.course.map((day) => formats.date(day.day_at))} series={[{ name: t('column.score'), kind: 'line', values: lead.course.map((day) => day.score) }]} />
            </Panel>
          )}
          {lead.turns.length > 0 && (
            <Panel title={t('person.turns')}>
              <Stack gap={6}>
                {lead.turns.slice(0, 15).map((turn, at) => <Group key={`${turn.at}-${at}`} justify="space-between" wrap="nowrap" gap="md"><Text size="sm">{turn.name} <Text span size="xs" c="dimmed"><When at={turn.at} isPlain /></Text></Text><Group gap="sm" wrap="nowrap"><Points value={turn.points} /><Text size="sm" c="dimmed" className="ql-num">{t('person.then', { score: formats.number(turn.score) })}</Text></Group></Group>)}
              </Stack>
            </Panel>
          )}
          {lead.causes.length > 0 && (
            <Panel title={t('person.causes')} text={t('person.causesText')}>
              <Stack gap={6}>{lead.causes.map((one) => <Group key={one.code} justify="space-between" wrap="nowrap"><Text size="sm">{cause(one.code, one.value)}</Text><Text size="sm" c={one.effect > 0 ? 'var(--ql-good)' : 'var(--ql-bad)'}>{t(one.effect > 0 ? 'person.for' : 'person.against')}</Text></Group>)}</Stack>
            </Panel>
          )}
        </Stack>
        <Panel title={t('person.sales')}>
          <Stack gap="sm">
            <Group gap="lg" align="flex-start">
              <div><Text size="xs" c="dimmed" mb={4}>{t('column.status')}</Text><StatusOf lead={lead} /></div>
              <div><Text size="xs" c="dimmed" mb={4}>{t('column.assignee')}</Text><AssigneeOf lead={lead} /></div>
            </Group>
            {profile.restricted_at && <Alert variant="light" color="gray">{t('person.restricted')}</Alert>}
            {mayChange && <NoteForm id={profile.id} />}
            <History lead={lead} />
            <Anchor component={Link} to="/leads" size="sm">{t('person.all')}</Anchor>
          </Stack>
        </Panel>
      </SimpleGrid>
    </Stack>
  );
}
