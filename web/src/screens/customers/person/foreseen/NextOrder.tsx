/** When the customer is expected to buy again. */
import { Group, Text, Tooltip } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../../../parts/format';
import { dayOfYear, dayRange, type Foreseen } from '../../../../parts/foreseen';
import classes from './foreseen.module.css';

/** A label with what it means, on hover and for screen readers. */
export function Label({ text, help }: { text: string; help: string }) {
  return (
    <Group gap={5} wrap="nowrap">
      <Text size="sm" c="dimmed">{text}</Text>
      <Tooltip label={help} multiline maw={290}><IconInfoCircle size={14} role="img" aria-label={help} color="var(--mantine-color-dimmed)" style={{ flex: 'none' }} /></Tooltip>
    </Group>
  );
}

export function NextOrder({ foreseen, today }: { foreseen: Foreseen; today: string }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const { nextOrder, rhythmDays } = foreseen;
  return (
    <div>
      <Label text={t('person.next')} help={t('person.nextHelp')} />
      {nextOrder ? (
        <>
          <Text fz={24} className="ql-big">{nextOrder.value <= today ? t('person.anyDay') : t('person.about', { day: dayOfYear(nextOrder.value, today) })}</Text>
          {nextOrder.low !== null && nextOrder.high !== null && (
            <Text size="sm" className="ql-num">{t('person.between', { low: dayRange(nextOrder.low, nextOrder.high, today)[0], high: dayRange(nextOrder.low, nextOrder.high, today)[1] })}</Text>
          )}
        </>
      ) : <Text size="sm" className={classes.none}>{t('person.noNext')}</Text>}
      {rhythmDays !== null && <Text size="sm" c="dimmed">{t('person.rhythm', { count: Math.round(rhythmDays), n: formats.number(Math.round(rhythmDays)) })}</Text>}
    </div>
  );
}
