import { Anchor, Button, CloseButton, Group, Modal, Select, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { SegmentPicker } from '../../../parts/pickers';
import { StatusBadge } from '../../../parts/StatusBadge';
import classes from './person.module.css';
import { written } from './Timeline';
import type { Profile } from './use';

const ConditionText = lazy(() => import('../../segments/editor/ConditionText'));
type Account = Schema<'ExplainedView'>['tree'];

function Verdict({ account, depth }: { account: Account; depth: number }) {
  const { t } = useTranslation('customers');
  return (
    <Stack gap={6} pl={depth > 0 ? 'md' : 0} style={depth > 0 ? { borderLeft: '2px solid var(--ql-line)' } : undefined}>
      <Group gap="xs" align="flex-start" wrap="nowrap">
        <StatusBadge tone={account.holds ? 'good' : 'bad'}>{account.holds ? t('why.holds') : t('why.fails')}</StatusBadge>
        <div style={{ minWidth: 0 }}>
          {account.kind === 'leaf' && account.condition
            ? <Suspense fallback={<Skeleton h={14} w={200} />}><ConditionText value={account.condition} isInline lineClamp={4} /></Suspense>
            : <Text size="sm" fw={500}>{t(`why.kind.${account.kind}`)}</Text>}
          {account.compared.map((one, at) => <Text key={at} size="xs" c="dimmed">{t('why.is', { what: one.what, value: written(one.actual) })}</Text>)}
        </div>
      </Group>
      {account.parts.map((part) => <Verdict key={part.path + part.kind} account={part} depth={depth + 1} />)}
    </Stack>
  );
}

function Why({ profile, segment, close }: { profile: Profile; segment: { id: string; name: string }; close: () => void }) {
  const { t } = useTranslation('customers');
  const told = useQuery({
    queryKey: ['people', profile.id, 'why', segment.id],
    queryFn: () => call(api.GET('/api/v1/segments/{id}/explain', { params: { path: { id: segment.id }, query: { profile: profile.id } } })),
  });
  return (
    <Modal opened onClose={close} size="lg" title={told.data ? t(told.data.member ? 'why.in' : 'why.out', { name: segment.name }) : segment.name}>
      {told.error ? <ErrorNote error={told.error} retry={() => void told.refetch()} /> : !told.data ? <Skeleton h={120} /> : (
        <Stack>
          {told.data.changes_at && <Text size="sm" c="dimmed">{t('why.changes')} <When at={told.data.changes_at} full /></Text>}
          <Verdict account={told.data.tree} depth={0} />
        </Stack>
      )}
    </Modal>
  );
}

/** Segments and lists: which, since when, and why. */
export default function Groups({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const mayChange = useMay('people.change');
  const [why, setWhy] = useState<{ id: string; name: string } | null>(null);
  const [other, setOther] = useState<string | null>(null);
  const segments = useQuery({ queryKey: ['people', profile.id, 'segments'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/segments', { params: { path: { id: profile.id } } })) });
  const lists = useQuery({ queryKey: ['segments', 'lists'], queryFn: async () => (await call(api.GET('/api/v1/lists'))).items });
  const put = async (list: string, on: boolean) => {
    await call(api.POST('/api/v1/lists/{id}/members', { params: { path: { id: list } }, body: on ? { add: [profile.id], remove: [] } : { add: [], remove: [profile.id] } }));
    await refresh('people');
  };
  const turn = (list: string, name: string, on: boolean) => put(list, on).then(() => notify.undo(t(on ? 'list.joined' : 'list.left', { name }), () => put(list, !on)), notify.failed);
  const nameOf = (id: string) => lists.data?.find((one) => one.id === id)?.name ?? id;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
      <Panel title={t('segment.title')} text={t('segment.text')}>
        {segments.error ? <ErrorNote error={segments.error} retry={() => void segments.refetch()} /> : !segments.data ? <Skeleton h={90} /> : segments.data.items.length === 0 ? <Text size="sm" c="dimmed">{t('segment.none')}</Text> : segments.data.items.map((one) => (
          <div key={one.id} className={classes.row}>
            <div>
              <Anchor component={Link} to={'/segments/$id' as string} params={{ id: one.id } as never} size="sm" fw={500}>{one.name}</Anchor>
              {one.since && <Text size="xs" c="dimmed">{t('segment.since')} <When at={one.since} full /></Text>}
            </div>
            <Button size="compact-sm" variant="default" onClick={() => setWhy({ id: one.id, name: one.name })}>{t('why.ask')}</Button>
          </div>
        ))}
        <Group mt="md" align="flex-end" gap="xs" wrap="nowrap">
          <SegmentPicker label={t('why.other')} value={other} onChange={(id, option) => { setOther(id); if (id && option) setWhy({ id, name: option.label }); }} style={{ flex: 1 }} />
        </Group>
      </Panel>
      <Panel title={t('list.title')} text={t('list.text')}>
        {profile.lists.length === 0 && <Text size="sm" c="dimmed">{t('list.none')}</Text>}
        {profile.lists.map((id) => (
          <div key={id} className={classes.row}>
            <Text size="sm" fw={500}>{nameOf(id)}</Text>
            {mayChange && <CloseButton aria-label={t('list.remove', { name: nameOf(id) })} onClick={() => void turn(id, nameOf(id), false)} />}
          </div>
        ))}
        {mayChange && (
          <Select
            mt="md" searchable label={t('list.add')} placeholder={t('common:choose')} value={null} nothingFoundMessage={t('nothingToChoose')}
            data={(lists.data ?? []).filter((one) => !profile.lists.includes(one.id)).map((one) => ({ value: one.id, label: one.name }))}
            onChange={(id) => id && void turn(id, nameOf(id), true)}
          />
        )}
      </Panel>
      {why && <Why profile={profile} segment={why} close={() => { setWhy(null); setOther(null); }} />}
    </SimpleGrid>
  );
}
