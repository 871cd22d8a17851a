/** The second step of a sign-in: a code of the authenticator app, or a recovery code where the app is lost. */
import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Door.module.css';

const DIGITS = 6;

export interface SecondProof {
  code?: string;
  recovery_code?: string;
}

export function CodeStep({ wrong, isBusy, send, back }: { wrong: string | null; isBusy: boolean; send: (proof: SecondProof) => void; back: () => void }) {
  const { t } = useTranslation('accounts');
  const [isLost, setLost] = useState(false);
  const [code, setCode] = useState('');
  const change = (text: string) => {
    if (isLost) return setCode(text);
    const digits = text.replace(/\D/g, '').slice(0, DIGITS);
    setCode(digits);
    if (digits.length === DIGITS && digits !== code) send({ code: digits });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim()) send(isLost ? { recovery_code: code } : { code });
      }}
    >
      <Stack mt="xl">
        <Text size="sm">{t(isLost ? 'second.recoveryText' : 'second.codeText')}</Text>
        <TextInput
          key={isLost ? 'recovery' : 'code'} label={t(isLost ? 'second.recovery' : 'second.code')} value={code} data-autofocus autoFocus error={wrong} size="md"
          onChange={(event) => change(event.currentTarget.value)} autoComplete="one-time-code" inputMode={isLost ? 'text' : 'numeric'} className={isLost ? undefined : classes.code}
          maxLength={isLost ? 40 : 7}
        />
        <Button type="submit" size="md" loading={isBusy}>{t('second.go')}</Button>
        <Anchor
          component="button" type="button" size="sm" ta="left"
          onClick={() => {
            setLost(!isLost);
            setCode('');
          }}
        >
          {t(isLost ? 'second.useCode' : 'second.useRecovery')}
        </Anchor>
        <Anchor component="button" type="button" size="sm" ta="left" onClick={back}>{t('second.back')}</Anchor>
      </Stack>
    </form>
  );
}
