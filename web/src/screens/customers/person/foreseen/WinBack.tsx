/** The day from which winning the customer back pays. */
import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../../../parts/format';
import { dayOfYear, daysBetween, type Foreseen } from '../../../../parts/foreseen';
import classes from './foreseen.module.css';
import { Label } from './NextOrder';

export function WinBack({ foreseen, today }: { foreseen: Foreseen; today: string }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const { winBackAt, isWinBackDue, churn } = foreseen;
  if (winBackAt === null) return null;
  const days = Math.abs(daysBetween(today, winBackAt));
  const values = { count: days, n: formats.number(days) };
  return (
    <div>
      <div className={classes.pair}>
        <Label text={t('person.winBack')} help={t('person.winBackHelp')} />
        <strong className="ql-num">{dayOfYear(winBackAt, today)}</strong>
      </div>
      <Text size="sm" c={isWinBackDue ? 'var(--ql-bad)' : 'dimmed'}>{isWinBackDue ? (days === 0 ? t('person.dueToday') : t('person.due', values)) : t('person.notDue', values)}</Text>
      {churn && <Text size="sm" c="dimmed" mt={2}>{t(`churn.${churn}.text`)}</Text>}
    </div>
  );
}
