/** How every message looks, what the law wants below it, and what short messages cost. */
import { Alert, Anchor, Button, Checkbox, ColorInput, Group, NumberInput, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay, useShop } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { minorDigits } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { FONTS, PictureField, SocialFields } from './editor/parts';

export default function BrandPage() {
  const { t } = useTranslation('content');
  const query = useQuery({ queryKey: ['settings', 'brand'], queryFn: () => call(api.GET('/api/v1/brand')) });
  return (
    <Page title={t('brand.title')} text={t('brand.text')} above={[{ title: t('title'), to: '/content' }]}>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !query.data ? <PageSkeleton /> : <Form key={query.dataUpdatedAt} design={query.data} />}
    </Page>
  );
}

const COLOURS = ['primary', 'button_text', 'background', 'surface', 'text', 'muted'] as const;

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The ratio of WCAG between two colours such as #1F6F5C. */
export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function Form({ design }: { design: Schema<'MessageDesign'> }) {
  const { t } = useTranslation('content');
  const mayChange = useMay('setup.change');
  const { currency } = useShop();
  const [brand, setBrand] = useState(design.brand);
  const [texting, setTexting] = useState(design.texting);
  const [apply, setApply] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const set = (more: Partial<typeof brand>) => setBrand({ ...brand, ...more });
  const unit = 10 ** minorDigits(currency);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await call(api.PUT('/api/v1/brand', { body: { brand, texting, apply } }));
      notify.done(t('brand.saved'));
      await refresh('settings', 'templates', 'preview');
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const dropper = { 'aria-label': t('eyeDropper') };
  const weak = ([['text', 'surface'], ['muted', 'background'], ['button_text', 'primary']] as const).filter(([one, other]) => contrast(brand[one], brand[other]) < 4.5);
  return (
    <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <fieldset disabled={!mayChange} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Stack>
            <Panel title={t('brand.logo')}>
              <Stack>
                <PictureField label={t('brand.logoAddress')} value={brand.logo} set={(logo) => set({ logo })} />
                <NumberInput label={t('brand.logoWidth')} min={24} max={600} value={brand.logo_width} onChange={(value) => set({ logo_width: Number(value) || 140 })} />
              </Stack>
            </Panel>
            <Panel title={t('brand.colours')}>
              <SimpleGrid cols={{ base: 1, xs: 2 }}>
                {COLOURS.map((name) => <ColorInput key={name} label={t(`colour.${name}`)} format="hex" value={brand[name]} onChange={(value) => set({ [name]: value })} eyeDropperButtonProps={dropper} />)}
                <Select label={t('prop.font')} allowDeselect={false} data={FONTS.map((value) => ({ value, label: t(`font.${value}`) }))} value={brand.font} onChange={(font) => set({ font: font ?? 'system' })} />
                <NumberInput label={t('prop.radius')} min={0} max={40} value={brand.radius} onChange={(value) => set({ radius: Number(value) || 0 })} />
              </SimpleGrid>
              {weak.length > 0 && <Alert color="clay" mt="md" title={t('brand.weak')}>{weak.map(([one, other]) => t('brand.weakPair', { one: t(`colour.${one}`), other: t(`colour.${other}`) })).join(' · ')}</Alert>}
            </Panel>
          </Stack>
          <Stack>
            <Panel title={t('brand.footer')} text={t('brand.footerText')}>
              <Stack>
                <TextInput label={t('brand.legalName')} placeholder={design.shop_name} value={brand.legal_name} onChange={(event) => set({ legal_name: event.currentTarget.value })} />
                <TextInput label={t('brand.taxCode')} value={brand.tax_code} onChange={(event) => set({ tax_code: event.currentTarget.value })} />
                {design.shop_address ? <Text size="sm">{t('brand.address')}: {design.shop_address}</Text> : <Alert color="clay">{t('brand.noAddress')} <Anchor component={Link} to="/settings" underline="always">{t('brand.toSettings')}</Anchor></Alert>}
                <Textarea label={t('brand.note')} autosize minRows={2} value={brand.footer_note} onChange={(event) => set({ footer_note: event.currentTarget.value })} />
                <Text size="sm" fw={500}>{t('block.social')}</Text>
                <SocialFields links={brand.social} set={(social) => set({ social })} />
              </Stack>
            </Panel>
            <Panel title={t('brand.texting')} text={t('brand.textingText')}>
              <Stack>
                <NumberInput label={t('brand.smsPrice')} min={0} decimalScale={minorDigits(currency)} thousandSeparator="." decimalSeparator="," suffix={` ${currency}`} value={texting.sms_part_price / unit} onChange={(value) => setTexting({ ...texting, sms_part_price: Math.round(Number(value) * unit) || 0 })} />
                <NumberInput label={t('brand.znsPrice')} min={0} decimalScale={minorDigits(currency)} thousandSeparator="." decimalSeparator="," suffix={` ${currency}`} value={texting.zns_price / unit} onChange={(value) => setTexting({ ...texting, zns_price: Math.round(Number(value) * unit) || 0 })} />
                <TextInput label={t('brand.optOut')} description={t('brand.optOutText')} maxLength={100} value={texting.sms_opt_out} onChange={(event) => setTexting({ ...texting, sms_opt_out: event.currentTarget.value })} />
              </Stack>
            </Panel>
          </Stack>
        </SimpleGrid>
        {error !== null && <ErrorNote error={error} mt="md" />}
        <Group justify="flex-end" mt="lg">
          {design.templates > 0 && <Checkbox label={t('brand.apply', { count: design.templates })} checked={apply} onChange={(event) => setApply(event.currentTarget.checked)} />}
          <Button type="submit" loading={isBusy} disabled={!mayChange}>{t('common:save')}</Button>
        </Group>
      </fieldset>
    </form>
  );
}
