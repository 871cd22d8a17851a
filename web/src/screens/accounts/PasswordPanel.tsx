import { Button, Group, PasswordInput, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { NewPasswordField } from './NewPasswordFields';
import { useSaid } from './words';

export function PasswordPanel() {
  const { t } = useTranslation('accounts');
  const said = useSaid();
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const [wrong, setWrong] = useState<{ field: 'current' | 'new'; text: string } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const change = async () => {
    setBusy(true);
    setWrong(null);
    try {
      await call(api.PUT('/api/v1/session/password', { body: { current, new: wanted } }));
      setCurrent('');
      setWanted('');
      notify.done(t('password.changed'));
      await refresh('sessions', 'session');
    } catch (error) {
      const { code } = asProblem(error);
      setWrong({ field: code === 'wrong_credentials' ? 'current' : 'new', text: code === 'wrong_credentials' ? t('password.wrong') : said(error) });
    }
    setBusy(false);
  };
  return (
    <Panel title={t('password.title')} text={t('password.text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (current && wanted) void change();
        }}
      >
        <Stack>
          <PasswordInput
            label={t('password.current')} size="md" autoComplete="current-password" value={current} error={wrong?.field === 'current' ? wrong.text : null}
            onChange={(event) => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
          />
          <NewPasswordField label={t('password.new')} value={wanted} onChange={setWanted} error={wrong?.field === 'new' ? wrong.text : null} />
          <Group justify="flex-end"><Button type="submit" variant="default" loading={isBusy} disabled={!current || !wanted}>{t('password.change')}</Button></Group>
        </Stack>
      </form>
    </Panel>
  );
}
