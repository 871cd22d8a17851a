import { useTranslation } from 'react-i18next';
import { useFormats } from '../../parts/format';
import { StatusBadge } from '../../parts/StatusBadge';
import { daysUntil, isOpen, type Request, urgencyOf } from './request';

/** Until when a request must be done, and how pressing that is. */
export function Due({ request }: { request: Request }) {
  const { t } = useTranslation('privacy');
  const formats = useFormats();
  if (!isOpen(request)) return <>{formats.date(request.due_at)}</>;
  const days = daysUntil(request.due_at);
  const words = days < 0 ? t('due.late', { count: -days }) : days === 0 ? t('due.today') : t('due.left', { count: days });
  return <StatusBadge tone={urgencyOf(request)}>{formats.date(request.due_at)} · {words}</StatusBadge>;
}
