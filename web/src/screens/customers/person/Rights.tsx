import { Button, Checkbox, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../../api';
import { useMay } from '../../../app/session';
import { confirm } from '../../../parts/confirm';
import { When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import classes from './person.module.css';
import type { Profile } from './use';

function Erase({ profile, close }: { profile: Profile; close: () => void }) {
  const { t } = useTranslation('customers');
  const navigate = useNavigate();
  const [orders, setOrders] = useState('keep');
  const [keepAway, setKeepAway] = useState(true);
  const [word, setWord] = useState('');
  const [isBusy, setBusy] = useState(false);
  const wanted = profile.email ?? profile.phone ?? profile.name ?? t('erase.word');
  const isReady = word.trim().toLocaleLowerCase('vi') === wanted.toLocaleLowerCase('vi');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setBusy(true);
    call(api.POST('/api/v1/profiles/{id}/erase', { params: { path: { id: profile.id } }, body: { orders, keep_away: keepAway } as never }))
      .then(async () => {
        notify.done(t('erase.done'));
        await navigate({ to: '/customers' as string });
        await refresh('people', 'customer-list');
      }, notify.failed)
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={close} title={t('erase.title')}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t('erase.text')}</Text>
          <Radio.Group label={t('erase.orders')} value={orders} onChange={setOrders}>
            <Stack gap="xs" mt={6}>
              <Radio value="keep" label={t('erase.keep')} description={t('erase.keepText')} />
              <Radio value="delete" label={t('erase.delete')} description={t('erase.deleteText')} />
            </Stack>
          </Radio.Group>
          <Checkbox label={t('erase.away')} description={t('erase.awayText')} checked={keepAway} onChange={(event) => setKeepAway(event.currentTarget.checked)} />
          <TextInput label={t('common:typeToConfirm', { word: wanted })} autoComplete="off" value={word} onChange={(event) => setWord(event.currentTarget.value)} data-autofocus />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('common:cancel')}</Button>
            <Button type="submit" color="red" disabled={!isReady} loading={isBusy}>{t('erase.do')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What the person may ask of their data. */
export default function Rights({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const mayExport = useMay('person.export');
  const [isErasing, setErasing] = useState(false);
  const restricted = Boolean(profile.restricted_at);
  const restrict = async () => {
    if (!restricted && !(await confirm({ title: t('restrict.title'), text: t('restrict.ask'), deed: t('restrict.on') }))) return;
    const set = async (on: boolean) => {
      await call(api.POST('/api/v1/profiles/{id}/restrict', { params: { path: { id: profile.id } }, body: { restricted: on } }));
      await refresh('people');
    };
    set(!restricted).then(() => notify.undo(t(restricted ? 'restrict.isOff' : 'restrict.isOn'), () => set(restricted)), notify.failed);
  };
  return (
    <Panel title={t('rights.title')} text={t('rights.text')}>
      {mayExport && (
        <div className={classes.row}>
          <div><Text fw={600} size="sm">{t('rights.export')}</Text><Text size="sm" c="dimmed" maw={640}>{t('rights.exportText')}</Text></div>
          <Group gap="xs">
            <Button component="a" variant="default" href={`/api/v1/profiles/${profile.id}/export?format=html`} target="_blank" rel="noreferrer">{t('rights.readable')}</Button>
            <Button component="a" variant="default" href={`/api/v1/profiles/${profile.id}/export`} download={`${profile.id}.json`}>JSON</Button>
          </Group>
        </div>
      )}
      <div className={classes.row}>
        <div>
          <Text fw={600} size="sm">{t('restrict.title')}</Text>
          <Text size="sm" c="dimmed" maw={640}>{restricted ? <>{t('restrict.since')} <When at={profile.restricted_at} full />. </> : null}{t('restrict.text')}</Text>
        </div>
        <Button variant="default" onClick={() => void restrict()}>{restricted ? t('restrict.off') : t('restrict.on')}</Button>
      </div>
      <div className={classes.row}>
        <div><Text fw={600} size="sm">{t('rights.erase')}</Text><Text size="sm" c="dimmed" maw={640}>{t('rights.eraseText')}</Text></div>
        <Button color="red" variant="light" onClick={() => setErasing(true)}>{t('rights.erase')}…</Button>
      </div>
      {isErasing && <Erase profile={profile} close={() => setErasing(false)} />}
    </Panel>
  );
}
