/** Recency, frequency and spend from 1 to 5, and what the group is called. */
import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Foreseen } from '../../../../parts/foreseen';
import classes from './foreseen.module.css';
import { Label } from './NextOrder';

const MARKS = ['recency', 'frequency', 'monetary'] as const;

export function Rfm({ foreseen }: { foreseen: Foreseen }) {
  const { t } = useTranslation('predictions');
  const { rfm } = foreseen;
  if (!rfm) return null;
  return (
    <div>
      <div className={classes.pair}>
        <Label text={t('person.rfm')} help={t('person.rfmHelp')} />
        <strong>{rfm.group ? t(`rfm.${rfm.group}.name`) : `${rfm.recency}${rfm.frequency}${rfm.monetary}`}</strong>
      </div>
      <div className={classes.marks}>
        {MARKS.map((mark) => (
          <div key={mark} role="img" aria-label={t('person.mark', { name: t(`rfmMark.${mark}`), n: rfm[mark] })}>
            <div className={classes.dots} aria-hidden>{[1, 2, 3, 4, 5].map((at) => <i key={at} data-on={at <= rfm[mark] || undefined} />)}</div>
            <Text size="xs" c="dimmed" aria-hidden>{t(`rfmMark.${mark}`)} {rfm[mark]}/5</Text>
          </div>
        ))}
      </div>
      {rfm.group && <Text size="sm" c="dimmed" mt={6}>{t(`rfm.${rfm.group}.text`)}</Text>}
    </div>
  );
}
