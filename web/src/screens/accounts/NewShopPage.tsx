import { Button, Group, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { useSaid } from './words';

const ZONES = [
  'Asia/Ho_Chi_Minh', 'Asia/Bangkok', 'Asia/Singapore', 'Asia/Jakarta', 'Asia/Manila', 'Asia/Tokyo', 'Asia/Seoul', 'Asia/Shanghai', 'Australia/Sydney', 'Europe/Paris',
  'Europe/London', 'America/New_York', 'America/Los_Angeles', 'UTC',
];
const CURRENCIES = ['VND', 'USD', 'EUR', 'GBP', 'SGD', 'THB', 'JPY', 'KRW', 'AUD'];
const SLUG_MAX = 40;

/** `Áo dài Hạnh` is `ao-dai-hanh`. */
export function slugOf(name: string): string {
  const plain = name.toLowerCase().replace(/đ/g, 'd').normalize('NFD').replace(/[\u0300-\u036f]/g, '');
  return plain.replace(/[^a-z0-9]+/g, '-').slice(0, SLUG_MAX).replace(/^-+|-+$/g, '');
}

export default function NewShopPage() {
  const { t } = useTranslation(['accounts', 'common']);
  const said = useSaid();
  const [name, setName] = useState('');
  const [slug, setSlug] = useState<string | null>(null);
  const [language, setLanguage] = useState('vi');
  const [zone, setZone] = useState('Asia/Ho_Chi_Minh');
  const [currency, setCurrency] = useState('VND');
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [isBusy, setBusy] = useState(false);
  const shownSlug = slug ?? slugOf(name);
  const make = async () => {
    setBusy(true);
    setWrong({});
    try {
      const made = await call(api.POST('/api/v1/workspaces', { body: { name, slug: shownSlug, language, time_zone: zone, currency } }));
      await call(api.PUT('/api/v1/session', { body: { workspace: made.slug } }));
      // Nothing of one shop may be left on the screen of another.
      window.location.assign('/app/');
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'slug_taken') setWrong({ slug: said(error) });
      else if (problem.fields[0]?.field === 'slug') setWrong({ slug: t('shop.slugRule') });
      else if (problem.fields[0]?.field === 'name') setWrong({ name: t('shop.nameRule') });
      else notify.failed(error);
      setBusy(false);
    }
  };
  return (
    <Page title={t('shop.title')} text={t('shop.text')}>
      <Panel maw={720}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <Stack>
            <TextInput label={t('shop.name')} placeholder={t('shop.namePlaceholder')} required autoFocus maxLength={100} value={name} error={wrong.name} onChange={(event) => setName(event.currentTarget.value)} />
            <TextInput label={t('shop.slug')} description={t('shop.slugText')} required maxLength={SLUG_MAX} value={shownSlug} error={wrong.slug} onChange={(event) => setSlug(event.currentTarget.value)} />
            <SimpleGrid cols={{ base: 1, xs: 3 }}>
              <Select
                label={t('shop.language')} value={language} onChange={(value) => setLanguage(value ?? 'vi')} allowDeselect={false}
                data={[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]}
              />
              <Select label={t('shop.zone')} searchable value={zone} onChange={(value) => setZone(value ?? zone)} allowDeselect={false} data={ZONES} />
              <Select label={t('shop.currency')} searchable value={currency} onChange={(value) => setCurrency(value ?? currency)} allowDeselect={false} data={CURRENCIES} />
            </SimpleGrid>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => window.history.back()}>{t('cancel', { ns: 'common' })}</Button>
              <Button type="submit" loading={isBusy} disabled={!name.trim()}>{t('shop.go')}</Button>
            </Group>
          </Stack>
        </form>
      </Panel>
    </Page>
  );
}
