import { UnstyledButton } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './Steps.module.css';

const STEPS = ['file', 'columns', 'check', 'run'] as const;

/** Where in the four steps somebody is, and the way back to one that is done. */
export function Steps({ at, go }: { at: number; go?: (step: number) => void }) {
  const { t } = useTranslation('imports');
  return (
    <ol className={classes.steps} aria-label={t('steps.label')}>
      {STEPS.map((step, index) => {
        const isDone = index < at;
        const inside = (
          <>
            <span className={classes.mark} aria-hidden="true">{isDone ? <IconCheck size={16} stroke={2.6} /> : index + 1}</span>
            <span className={classes.name}>{t(`steps.${step}`)}</span>
          </>
        );
        return (
          <li key={step} className={classes.step} data-done={isDone || undefined} data-now={index === at || undefined} aria-current={index === at ? 'step' : undefined}>
            {go && isDone && index > 0 ? <UnstyledButton className={classes.inside} onClick={() => go(index)}>{inside}</UnstyledButton> : <span className={classes.inside}>{inside}</span>}
          </li>
        );
      })}
    </ol>
  );
}
