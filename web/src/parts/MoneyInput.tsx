/** A sum of money in the shop's currency, held in minor units; empty is null. */
import { NumberInput, type NumberInputProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { minorDigits, useFormats } from './format';

export function MoneyInput({ value, onChange, ...more }: { value: number | null; onChange: (minor: number | null) => void } & Omit<NumberInputProps, 'value' | 'onChange'>) {
  const { currency } = useFormats();
  const { i18n } = useTranslation();
  const [thousands, decimals] = i18n.language === 'en' ? [',', '.'] : ['.', ','];
  const unit = 10 ** minorDigits(currency);
  return (
    <NumberInput
      min={0} decimalScale={minorDigits(currency)} thousandSeparator={thousands} decimalSeparator={decimals} suffix={` ${currency}`} value={value === null ? '' : value / unit}
      onChange={(told) => onChange(told === '' ? null : Math.round(Number(told) * unit) || 0)} {...more}
    />
  );
}
