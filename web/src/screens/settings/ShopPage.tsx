import { NumberInput, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { Note } from '../../parts/Note';
import { Frame } from './Frame';
import { SaveBar } from './SaveBar';
import { type Settings, useChange, useSettings } from './settings';

const CURRENCIES = ['VND', 'USD', 'EUR', 'SGD', 'THB', 'JPY', 'KRW', 'AUD', 'GBP', 'MYR', 'IDR', 'PHP', 'TWD', 'CNY'];
const EMPTY = {
  name: '', url: '', address: '', email: '', phone: '', language: 'vi', time_zone: 'Asia/Ho_Chi_Minh', currency: 'VND',
  cart: 60 as number | string, utm: '', public_url: '',
};

function zones(now: string): string[] {
  const all = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set(['Asia/Ho_Chi_Minh', now, ...all])];
}

function valuesOf(settings: Settings): typeof EMPTY {
  const { name, url, address, email, phone } = settings.shop;
  return {
    name, url, address, email, phone, language: settings.language, time_zone: settings.time_zone, currency: settings.currency,
    cart: settings.cart_abandoned_after_minutes, utm: settings.utm_source, public_url: settings.public_url,
  };
}

export default function ShopPage() {
  const { t } = useTranslation('settings');
  const { settings, error, retry } = useSettings();
  const change = useChange();
  const may = useMay('workspace.manage');
  const form = useForm({ initialValues: EMPTY });
  const { setInitialValues, setValues, resetDirty } = form;
  useEffect(() => {
    if (!settings) return;
    const values = valuesOf(settings);
    setInitialValues(values);
    setValues(values);
    resetDirty(values);
    // A form that somebody is filling in is not taken from under their hands.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settings?.shop, settings?.language, settings?.currency]);
  const save = form.onSubmit(async (told) => {
    try {
      await change.mutateAsync({
        shop: { name: told.name, url: told.url, address: told.address, email: told.email, phone: told.phone },
        language: told.language, time_zone: told.time_zone, currency: told.currency, cart_abandoned_after_minutes: Number(told.cart),
        utm_source: told.utm, public_url: told.public_url,
      });
      form.resetDirty(told);
      notify.done(t('saved'));
    } catch (failed) {
      const names: Record<string, string> = { cart_abandoned_after_minutes: 'cart', utm_source: 'utm' };
      form.setErrors(Object.fromEntries(Object.keys(asProblem(failed).errors).map((field) => [names[field] ?? field.replace('shop.', ''), t(`shop.wrong.${field.replace('.', '_')}`)])));
      notify.failed(failed);
    }
  });
  return (
    <Frame at="shop" text={t('shop.text')}>
      {error ? <ErrorNote error={error} retry={retry} /> : !settings ? <PageSkeleton /> : (
        <form onSubmit={save}>
          <fieldset disabled={!may} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
            <Stack gap="lg">
              {!may && <Note tone="calm">{t('readOnly')}</Note>}
              <Panel title={t('shop.who')} text={t('shop.whoText')}>
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <TextInput label={t('shop.name')} {...form.getInputProps('name')} />
                  <TextInput label={t('shop.url')} type="url" placeholder="https://shop.vn" {...form.getInputProps('url')} />
                  <TextInput label={t('shop.email')} type="email" {...form.getInputProps('email')} />
                  <TextInput label={t('shop.phone')} type="tel" {...form.getInputProps('phone')} />
                </SimpleGrid>
                <Textarea mt="md" label={t('shop.address')} description={t('shop.addressText')} autosize minRows={1} maxRows={3} {...form.getInputProps('address')} />
                <Text size="xs" c="dimmed" mt="md" mb={4}>{t('shop.footer')}</Text>
                <div style={{ background: 'var(--ql-paper)', borderRadius: 9, padding: 14, textAlign: 'center' }}>
                  <Text size="xs">{form.values.name || t('shop.noName')}{form.values.address && ` · ${form.values.address}`}</Text>
                  <Text size="xs" c="dimmed">{[form.values.phone, form.values.email].filter(Boolean).join(' · ')}</Text>
                </div>
              </Panel>
              <Panel title={t('shop.write')} text={t('shop.writeText')}>
                <SimpleGrid cols={{ base: 1, sm: 3 }}>
                  <Select label={t('shop.language')} allowDeselect={false} data={[{ value: 'vi', label: t('shop.vi') }, { value: 'en', label: t('shop.en') }]} {...form.getInputProps('language')} />
                  <Select label={t('shop.zone')} searchable allowDeselect={false} data={zones(settings.time_zone)} limit={50} {...form.getInputProps('time_zone')} />
                  <Select label={t('shop.currency')} searchable allowDeselect={false} data={[...new Set([settings.currency, ...CURRENCIES])]} {...form.getInputProps('currency')} />
                </SimpleGrid>
                {form.values.currency !== settings.currency && (
                  <Note mt="md" tone="wait" icon={<IconAlertTriangle aria-hidden />}><Text size="sm">{t('shop.currencyWarning')}</Text></Note>
                )}
              </Panel>
              <Panel title={t('shop.count')}>
                <SimpleGrid cols={{ base: 1, sm: 2 }}>
                  <NumberInput label={t('shop.cart')} description={t('shop.cartText')} min={1} max={43_200} suffix={t('shop.minutes')} {...form.getInputProps('cart')} />
                  <TextInput label={t('shop.utm')} description={t('shop.utmText')} placeholder="quaylai" {...form.getInputProps('utm')} />
                </SimpleGrid>
                <TextInput mt="md" label={t('shop.public')} description={t('shop.publicText')} placeholder="https://mail.shop.vn" {...form.getInputProps('public_url')} />
              </Panel>
              <SaveBar isDirty={may && form.isDirty()} isSaving={change.isPending} drop={() => form.reset()} />
            </Stack>
          </fieldset>
        </form>
      )}
    </Frame>
  );
}
