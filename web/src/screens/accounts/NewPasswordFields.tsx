import { PasswordInput, Progress, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const CHARS_MIN = 10;
const CHARS_GOOD = 16;

/** How much of a good password this is, from 0 to 3: its length counts most. */
function strength(password: string): 0 | 1 | 2 | 3 {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(password)).length;
  if (password.length < CHARS_MIN) return 0;
  if (password.length >= CHARS_GOOD || kinds >= 4) return 3;
  return kinds >= 2 ? 2 : 1;
}

const TONES = ['bad', 'wait', 'wait', 'good'] as const;

/** A field for a new password, which says how good it is. */
export function NewPasswordField({ label, value, onChange, error, autoFocus }: { label: string; value: string; onChange: (value: string) => void; error?: string | null; autoFocus?: boolean }) {
  const { t } = useTranslation('accounts');
  const level = strength(value);
  return (
    <Stack gap={6}>
      <PasswordInput
        label={label} description={t('password.rule')} size="md" autoComplete="new-password" value={value} error={error} autoFocus={autoFocus}
        onChange={(event) => onChange(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
      />
      {value && (
        <>
          <Progress value={((level + 1) / 4) * 100} size={4} aria-label={t('password.strength')} color={`var(--ql-${TONES[level]})`} />
          <Text size="xs" c={`var(--ql-${TONES[level]})`} role="status">{t(`password.level${level}`)}</Text>
        </>
      )}
    </Stack>
  );
}
