import { Alert, Anchor, Button, Card, Group, Modal, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconArrowsJoin } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Money, Num, When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { ProfilePicker } from '../../../parts/pickers';
import { useWords } from '../../../parts/Reason';
import { StatusBadge } from '../../../parts/StatusBadge';
import classes from './person.module.css';
import { type Profile, useProfile } from './use';

function Side({ profile, title }: { profile: Profile; title: string }) {
  const { t } = useTranslation('customers');
  return (
    <Card padding="sm" withBorder>
      <Text size="xs" c="dimmed">{title}</Text>
      <Text fw={600}>{profile.name ?? profile.email ?? profile.phone ?? t('nameless')}</Text>
      <Text size="sm">{[profile.email, profile.phone].filter(Boolean).join(' · ') || '–'}</Text>
      <Text size="sm" c="dimmed">{t('merge.orders', { count: profile.orders.count })} · <Money value={profile.orders.revenue} currency={profile.orders.currency} /></Text>
      <Text size="xs" c="dimmed">{t('merge.identifiers', { count: profile.identifiers.length })} · {t('person.since')} <When at={profile.first_seen_at} dateOnly /></Text>
    </Card>
  );
}

/** What becomes of two profiles that are one person, before it is done: it cannot be taken back. */
function Preview({ profile, otherId, close }: { profile: Profile; otherId: string; close: () => void }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const other = useProfile(otherId);
  const [isBusy, setBusy] = useState(false);
  const join = () => {
    setBusy(true);
    call(api.POST('/api/v1/profiles/{id}/merge', { params: { path: { id: profile.id } }, body: { other_id: otherId } }))
      .then(async () => { await refresh('people'); notify.done(t('merge.done')); close(); }, notify.failed)
      .finally(() => setBusy(false));
  };
  const stricter = other.data ? Object.keys({ ...profile.consents, ...other.data.consents }).filter((slot) => {
    const states = [profile.consents[slot]?.state, other.data.consents[slot]?.state];
    return states[0] && states[1] && states[0] !== states[1];
  }) : [];
  return (
    <Modal opened onClose={close} size="lg" title={t('merge.title')}>
      {other.error ? <ErrorNote error={other.error} retry={() => void other.refetch()} /> : !other.data ? <Skeleton h={160} /> : (
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2 }}><Side profile={profile} title={t('merge.one')} /><Side profile={other.data} title={t('merge.other')} /></SimpleGrid>
          <div>
            <Text size="sm" fw={600}>{t('merge.becomes')}</Text>
            <Text size="sm">{t('merge.sum', { orders: profile.orders.count + other.data.orders.count, identifiers: new Set([...profile.identifiers, ...other.data.identifiers].map((one) => one.kind + one.value)).size })}</Text>
            <Text size="sm">{t('merge.attributes')}</Text>
            {stricter.map((slot) => {
              const [channel = '', purpose = ''] = slot.split('.');
              return <Text key={slot} size="sm">{t('merge.consent', { what: `${words.channel(channel)} · ${words.purpose(purpose)}` })}</Text>;
            })}
          </div>
          <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />}>{t('merge.forever')}</Alert>
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>{t('common:cancel')}</Button>
            <Button color="red" loading={isBusy} onClick={join}>{t('merge.do')}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

export default function Identity({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const words = useWords();
  const mayChange = useMay('people.change');
  const [other, setOther] = useState<string | null>(null);
  const [previewed, setPreviewed] = useState<string | null>(null);
  const merges = useQuery({ queryKey: ['people', profile.id, 'merges'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/merges', { params: { path: { id: profile.id } } })) });
  const duplicates = useQuery({ queryKey: ['people', profile.id, 'duplicates'], queryFn: () => call(api.GET('/api/v1/profiles/{id}/duplicates', { params: { path: { id: profile.id } } })) });
  const linked = (link: string) => {
    if (link === 'alias') return t('merge.byAlias');
    if (link === 'staff') return t('merge.byStaff');
    const at = link.lastIndexOf(':');
    return at < 0 ? link : t('merge.by', { kind: words.identifierKind(link.slice(0, at)), value: link.slice(at + 1) });
  };
  const reason = (code: string) => (['shared_device', 'contradicting_identifiers', 'too_many_identifiers', 'too_many_merges', 'same_name'].includes(code) ? t(`merge.reason.${code}`) : code);
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
      <Stack gap="md">
        <Panel title={t('identity.title')} text={t('identity.text')}>
          {profile.identifiers.map((one: Schema<'IdentifierView'>) => (
            <div key={one.kind + one.value} className={classes.line}>
              <div style={{ minWidth: 0 }}><Text size="xs" c="dimmed">{words.identifierKind(one.kind)}</Text><Text className={classes.mono}>{one.value}</Text></div>
              <Text size="xs" c="dimmed"><When at={one.first_seen_at} dateOnly /></Text>
            </div>
          ))}
          <div className={classes.line}><div><Text size="xs" c="dimmed">{t('identity.id')}</Text><Text className={classes.mono}>{profile.id}</Text></div></div>
        </Panel>
        {mayChange && (
          <Panel title={t('merge.with')} text={t('merge.withText')}>
            <Group align="flex-end" gap="xs" wrap="nowrap">
              <ProfilePicker label={t('merge.find')} value={other} onChange={setOther} style={{ flex: 1 }} />
              <Button variant="light" disabled={!other || other === profile.id} onClick={() => setPreviewed(other)}>{t('merge.look')}</Button>
            </Group>
          </Panel>
        )}
      </Stack>
      <Stack gap="md">
        <Panel title={t('duplicate.title')} text={t('duplicate.text')}>
          {duplicates.error ? <ErrorNote error={duplicates.error} retry={() => void duplicates.refetch()} /> : !duplicates.data ? <Skeleton h={70} /> : duplicates.data.items.length === 0 ? <Text size="sm" c="dimmed">{t('duplicate.none')}</Text> : duplicates.data.items.map((one) => (
            <div key={one.id} className={classes.row}>
              <div style={{ minWidth: 0 }}>
                <Anchor component={Link} to={'/customers/$id' as string} params={{ id: one.id } as never} size="sm" fw={500}>{one.name ?? one.email ?? one.phone ?? t('nameless')}</Anchor>
                <Text size="xs" c="dimmed">{[one.email, one.phone].filter(Boolean).join(' · ')}</Text>
                <Text size="xs" c="dimmed">{reason(one.reason)} · <Num value={one.orders} /> {t('duplicate.orders')} · <Money value={one.revenue} /></Text>
              </div>
              {mayChange && <Button size="compact-sm" variant="default" leftSection={<IconArrowsJoin size={14} aria-hidden />} onClick={() => setPreviewed(one.id)}>{t('merge.look')}</Button>}
            </div>
          ))}
        </Panel>
        <Panel title={t('merge.log')} text={t('merge.logText')}>
          {merges.error ? <ErrorNote error={merges.error} retry={() => void merges.refetch()} /> : !merges.data ? <Skeleton h={70} /> : merges.data.items.length === 0 ? <Text size="sm" c="dimmed">{t('merge.none')}</Text> : merges.data.items.map((one, at) => (
            <div key={at} className={classes.row}>
              <div style={{ minWidth: 0 }}>
                <Group gap={6}><StatusBadge tone={one.joined ? 'good' : 'wait'}>{one.joined ? t('merge.joined') : t('merge.apart')}</StatusBadge><Text size="sm">{linked(one.link)}</Text></Group>
                {!one.joined && <Text size="xs" c="dimmed">{reason(one.reason)}</Text>}
                <Text size="xs" c="dimmed"><When at={one.at} full /> · <span className={classes.mono}>{one.other_id}</span></Text>
              </div>
            </div>
          ))}
        </Panel>
      </Stack>
      {previewed && <Preview profile={profile} otherId={previewed} close={() => { setPreviewed(null); setOther(null); }} />}
    </SimpleGrid>
  );
}
