/** Two chances as bars: to buy within a month, and to be a customer still. */
import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Percent, useFormats } from '../../../../parts/format';
import type { Foreseen } from '../../../../parts/foreseen';
import classes from './foreseen.module.css';
import { Label } from './NextOrder';

export function Chances({ foreseen }: { foreseen: Foreseen }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const rows = [
    { key: 'buys', value: foreseen.buys30, text: t('person.buys'), help: t('person.buysHelp') },
    { key: 'alive', value: foreseen.alive, text: t('person.alive'), help: t('person.aliveHelp') },
  ].filter((row) => row.value !== null);
  if (rows.length === 0) return null;
  return (
    <div className={classes.chances}>
      {rows.map((row) => (
        <div key={row.key}>
          <div className={classes.pair}>
            <Label text={row.text} help={row.help} />
            <strong data-foreseen={row.key}><Percent value={row.value} digits={0} /></strong>
          </div>
          <Progress value={(row.value ?? 0) * 100} size={6} radius="xl" aria-label={`${row.text}: ${formats.percent(row.value ?? 0, 0)}`} />
        </div>
      ))}
    </div>
  );
}
