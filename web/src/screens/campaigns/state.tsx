import { useTranslation } from 'react-i18next';
import { StatusBadge } from '../../parts/StatusBadge';
import { STATE_TONES } from './model';

export function CampaignState({ state }: { state: string }) {
  const { t } = useTranslation('campaigns');
  return <StatusBadge tone={STATE_TONES[state] ?? 'calm'}>{t(`state.${state}`)}</StatusBadge>;
}
