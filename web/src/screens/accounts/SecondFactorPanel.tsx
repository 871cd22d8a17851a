/** The second factor of one's own account: begun, confirmed, turned off, and its recovery codes. */
import { Button, CopyButton, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconDownload, IconShieldCheck, IconShieldExclamation } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { Note } from '../../parts/Note';
import type { Account } from './account';
import classes from './Door.module.css';
import { PasswordAgain } from './PasswordAgain';
import { useSaid } from './words';

type Begun = Schema<'SecondFactorBegun'>;
type Step = { at: 'closed' | 'password' | 'off' | 'renew' } | { at: 'scan'; begun: Begun } | { at: 'codes'; codes: string[] };

const CODES_FEW = 3;
const DIGITS = 6;

function Scan({ begun, then }: { begun: Begun; then: (codes: string[]) => void }) {
  const { t } = useTranslation('accounts');
  const said = useSaid();
  const [code, setCode] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const confirm = async (told: string) => {
    setBusy(true);
    setWrong(null);
    try {
      const answer = await call(api.POST('/api/v1/account/second-factor/confirm', { body: { code: told } }));
      then(answer.recovery_codes);
    } catch (error) {
      setWrong(said(error));
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (code.length === DIGITS) void confirm(code);
      }}
    >
      <Stack>
        <List type="ordered" size="sm" spacing={4}>
          <List.Item>{t('second.step1')}</List.Item>
          <List.Item>{t('second.step2')}</List.Item>
          <List.Item>{t('second.step3')}</List.Item>
        </List>
        <Group align="flex-start" gap="lg">
          <svg className={classes.qr} viewBox={`0 0 ${begun.qr_size} ${begun.qr_size}`} role="img" aria-label={t('second.qr')} shapeRendering="crispEdges">
            <path d={begun.qr_path} fill="#000" />
          </svg>
          <Stack gap="xs" style={{ flex: '1 1 180px' }}>
            <Text size="sm" c="dimmed">{t('second.typed')}</Text>
            <Text size="sm" className={classes.secret}>{begun.secret.match(/.{1,4}/g)?.join(' ')}</Text>
            <CopyButton value={begun.secret}>
              {({ copied, copy }) => <Button variant="default" size="compact-sm" onClick={copy} style={{ alignSelf: 'flex-start' }}>{t(copied ? 'copied' : 'copy', { ns: 'common' })}</Button>}
            </CopyButton>
          </Stack>
        </Group>
        <TextInput
          label={t('second.code')} value={code} error={wrong} inputMode="numeric" autoComplete="one-time-code" maxLength={7} className={classes.code} data-autofocus
          onChange={(event) => {
            const digits = event.currentTarget.value.replace(/\D/g, '').slice(0, DIGITS);
            setCode(digits);
            if (digits.length === DIGITS && digits !== code) void confirm(digits);
          }}
        />
        <Group justify="flex-end"><Button type="submit" loading={isBusy} disabled={code.length < DIGITS}>{t('second.turnOn')}</Button></Group>
      </Stack>
    </form>
  );
}

function Codes({ codes, close }: { codes: string[]; close: () => void }) {
  const { t } = useTranslation('accounts');
  const text = codes.join('\n');
  return (
    <Stack>
      <Note tone="wait" icon={<IconShieldExclamation aria-hidden />}>{t('second.codesText')}</Note>
      <ul className={classes.codes}>{codes.map((code) => <li key={code}>{code}</li>)}</ul>
      <Group justify="space-between">
        <Group gap="xs">
          <CopyButton value={text}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{t(copied ? 'copied' : 'copy', { ns: 'common' })}</Button>}</CopyButton>
          <Button variant="default" component="a" href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`} download="quaylai-recovery-codes.txt" leftSection={<IconDownload size={16} aria-hidden />}>
            {t('second.download')}
          </Button>
        </Group>
        <Button onClick={close}>{t('second.kept')}</Button>
      </Group>
    </Stack>
  );
}

export function SecondFactorPanel({ account }: { account: Account }) {
  const { t } = useTranslation(['accounts', 'common']);
  const [step, setStep] = useState<Step>({ at: 'closed' });
  const isOn = account.second_factor_since !== null && account.second_factor_since !== undefined;
  const close = () => setStep({ at: 'closed' });
  const shown = async (codes: string[]) => {
    setStep({ at: 'codes', codes });
    await refresh('account', 'staff');
  };
  const title = { closed: '', password: t('second.begin'), scan: t('second.begin'), codes: t('second.codes'), off: t('second.off'), renew: t('second.renew') }[step.at];
  return (
    <Panel
      title={<Group gap="sm">{t('second.panel')}<StatusBadge tone={isOn ? 'good' : 'calm'} leftSection={isOn ? <IconShieldCheck size={13} aria-hidden /> : undefined}>{t(isOn ? 'second.isOn' : 'second.isOff')}</StatusBadge></Group>}
      text={t('second.panelText')}
    >
      {isOn ? (
        <Stack gap="sm">
          <Text size="sm">{t('second.since')} <When at={account.second_factor_since} dateOnly />. {t('second.left', { count: account.recovery_codes_left })}</Text>
          {account.recovery_codes_left <= CODES_FEW && <Note tone="wait" icon={<IconShieldExclamation aria-hidden />}>{t('second.few')}</Note>}
          <Group gap="xs">
            <Button variant="default" onClick={() => setStep({ at: 'renew' })}>{t('second.renew')}</Button>
            <Button variant="subtle" color="red" onClick={() => setStep({ at: 'off' })}>{t('second.off')}</Button>
          </Group>
        </Stack>
      ) : (
        <Group><Button leftSection={<IconShieldCheck size={16} aria-hidden />} onClick={() => setStep({ at: 'password' })}>{t('second.begin')}</Button></Group>
      )}
      <Modal opened={step.at !== 'closed'} onClose={close} title={title} size="lg" closeOnClickOutside={step.at !== 'codes'} closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}>
        {step.at === 'password' && (
          <PasswordAgain
            text={t('second.passwordText')} deed={t('next', { ns: 'common' })} cancel={close}
            then={async (password) => setStep({ at: 'scan', begun: await call(api.POST('/api/v1/account/second-factor', { body: { password } })) })}
          />
        )}
        {step.at === 'scan' && <Scan begun={step.begun} then={(codes) => void shown(codes)} />}
        {step.at === 'codes' && <Codes codes={step.codes} close={close} />}
        {step.at === 'renew' && (
          <PasswordAgain
            text={t('second.renewText')} deed={t('second.renew')} cancel={close}
            then={async (password) => shown((await call(api.POST('/api/v1/account/second-factor/recovery-codes', { body: { password } }))).recovery_codes)}
          />
        )}
        {step.at === 'off' && (
          <PasswordAgain
            text={t('second.offText')} deed={t('second.off')} isDangerous cancel={close}
            then={async (password) => {
              await call(api.POST('/api/v1/account/second-factor/off', { body: { password } }));
              close();
              notify.done(t('second.offDone'));
              await refresh('account', 'staff');
            }}
          />
        )}
      </Modal>
    </Panel>
  );
}
