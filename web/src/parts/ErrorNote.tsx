import { Alert, type AlertProps, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import { asProblem, type Problem } from '../api';

/** What to tell of a problem: our own words for its code, else what the server said. */
export function told(problem: Problem): string {
  const key = `common:problem.${problem.code}`;
  return i18next.exists(key) ? i18next.t(key) : problem.message || i18next.t('common:problem.other');
}

/** Something could not be read or done: what, and what to do. */
export function ErrorNote({ error, retry, ...more }: { error: unknown; retry?: () => void } & AlertProps) {
  const { t } = useTranslation('common');
  const problem = asProblem(error);
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t('failed')} role="alert" {...more}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{told(problem)}</Text>
        {retry && <Button size="compact-sm" variant="default" onClick={retry}>{t('retry')}</Button>}
      </Stack>
    </Alert>
  );
}
