import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { EmptyState } from './EmptyState';

export function NotFound() {
  const { t } = useTranslation('common');
  return (
    <EmptyState
      Icon={IconMapQuestion} title={t('notFound.title')} text={t('notFound.text')}
      action={<Button component={Link} to="/">{t('notFound.home')}</Button>}
    />
  );
}
