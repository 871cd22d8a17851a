import { Stepper } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const STEPS = ['file', 'columns', 'check', 'run'] as const;

/** Where in the four steps somebody is. */
export function Steps({ at, go }: { at: number; go?: (step: number) => void }) {
  const { t } = useTranslation('imports');
  return (
    <Stepper active={at} onStepClick={go} size="sm" iconSize={32} wrap={false} aria-label={t('steps.label')}>
      {STEPS.map((step, index) => (
        <Stepper.Step
          key={step} label={t(`steps.${step}`)} allowStepSelect={go !== undefined && index > 0 && index < at} aria-current={index === at ? 'step' : undefined}
          aria-label={t(`steps.${step}`)} classNames={{ stepBody: 'ql-step-body' }}
        />
      ))}
    </Stepper>
  );
}
