import { Button, Select, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { speak, type Language } from '../../app/i18n';
import { ErrorNote } from '../../parts/ErrorNote';
import type { StepProps } from './WelcomePage';

const CURRENCIES = ['VND', 'USD', 'EUR', 'SGD', 'THB', 'IDR', 'MYR', 'PHP', 'JPY', 'KRW', 'CNY', 'AUD'];

function zones(current: string): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set(['Asia/Ho_Chi_Minh', current, ...known])];
}

/** What letters and figures are written with. */
export function ShopStep({ setup, next }: StepProps) {
  const { t } = useTranslation('welcome');
  const [problem, setProblem] = useState<unknown>(null);
  const [isSaving, setSaving] = useState(false);
  const form = useForm({
    initialValues: {
      name: setup.shop.name, url: setup.shop.url, address: setup.shop.address, language: setup.shop.language, time_zone: setup.shop.time_zone,
      currency: setup.shop.currency,
    },
    validate: {
      name: (value) => (value.trim() ? null : t('shop.nameMissing')),
      url: (value) => (value.trim() === '' || /^https?:\/\/\S+\.\S+/.test(value.trim()) ? null : t('shop.urlWrong')),
    },
  });
  const save = form.onSubmit(async (values) => {
    setSaving(true);
    setProblem(null);
    try {
      const shop = { name: values.name.trim(), url: values.url.trim(), address: values.address.trim() };
      await call(api.PATCH('/api/v1/settings', { body: { shop, language: values.language, time_zone: values.time_zone, currency: values.currency } as never }));
      await refresh('settings');
      next();
    } catch (error) {
      const told = asProblem(error).errors;
      form.setErrors({ ...told, name: told['shop.name'], url: told['shop.url'], address: told['shop.address'] });
      setProblem(error);
    } finally {
      setSaving(false);
    }
  });
  return (
    <form onSubmit={save}>
      <Stack>
        {problem !== null && <ErrorNote error={problem} />}
        <TextInput label={t('shop.name')} description={t('shop.nameText')} placeholder={t('shop.namePlaceholder')} required maxLength={120} data-autofocus {...form.getInputProps('name')} />
        <TextInput label={t('shop.url')} description={t('shop.urlText')} placeholder="https://shop.vn" type="url" {...form.getInputProps('url')} />
        <Textarea label={t('shop.address')} description={t('shop.addressText')} autosize minRows={1} maxRows={2} maxLength={300} {...form.getInputProps('address')} />
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <Select
            label={t('shop.language')} allowDeselect={false} data={[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]} {...form.getInputProps('language')}
            onChange={(value) => {
              form.setFieldValue('language', value ?? 'vi');
              void speak((value ?? 'vi') as Language);
            }}
          />
          <Select label={t('shop.timeZone')} searchable allowDeselect={false} data={zones(setup.shop.time_zone)} limit={80} {...form.getInputProps('time_zone')} />
          <Select label={t('shop.currency')} searchable allowDeselect={false} data={[...new Set([setup.shop.currency, ...CURRENCIES])]} {...form.getInputProps('currency')} />
        </SimpleGrid>
        <div><Button type="submit" loading={isSaving}>{t('saveAndNext')}</Button></div>
      </Stack>
    </form>
  );
}
