import { IconLock } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Permission } from '../app/session';
import { EmptyState } from './EmptyState';

export function NotAllowed({ permission }: { permission?: Permission }) {
  const { t } = useTranslation('common');
  return <EmptyState Icon={IconLock} title={t('notAllowed.title')} text={t('notAllowed.text', { permission })} />;
}
