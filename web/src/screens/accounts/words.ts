/** What to say of what the server refused here. */
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api';
import { told } from '../../parts/ErrorNote';

const OWN = [
  'wrong_credentials', 'wrong_code', 'too_many_requests', 'link_worn_out', 'slug_taken', 'user_exists', 'invitation_exists', 'last_owner',
  'owners_only', 'shared_account', 'second_factor_on', 'too_many_workspaces',
];

export function useSaid(): (error: unknown) => string {
  const { t } = useTranslation('accounts');
  return (error) => {
    const problem = asProblem(error);
    if (OWN.includes(problem.code)) return t(`problem.${problem.code}`);
    if (problem.code === 'invalid_field' && problem.fields[0]?.field === 'password') return t('password.weak');
    return told(problem);
  };
}
