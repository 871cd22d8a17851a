import { Button, Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { Door } from './Door';

/** In place of what a link that is wrong, used or too old would open. */
export function WornOut({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation('accounts');
  if (asProblem(error).code !== 'link_worn_out') {
    return <Door title={t('wornOut.trouble')}><ErrorNote error={error} retry={retry} mt="xl" /></Door>;
  }
  return (
    <Door title={t('wornOut.title')} text={t('wornOut.text')}>
      <Stack mt="xl">
        <Button component={Link} to="/forgot-password" size="md">{t('wornOut.again')}</Button>
        <Button component={Link} to="/sign-in" size="md" variant="default">{t('toSignIn')}</Button>
      </Stack>
    </Door>
  );
}
