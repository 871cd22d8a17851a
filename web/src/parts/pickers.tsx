/** Choosing one of what the shop has, by typing a part of its name. */
import { Loader, Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../api';

interface Choice {
  value: string;
  label: string;
}

type PickerProps = Omit<SelectProps, 'data' | 'searchable' | 'onSearchChange' | 'searchValue'>;

function Picker({ topic, load, ...more }: { topic: string; load: (search: string) => Promise<Choice[]> } & PickerProps) {
  const { t } = useTranslation('common');
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, 250);
  const query = useQuery({ queryKey: [topic, 'choices', wanted], queryFn: () => load(wanted) });
  return (
    <Select
      searchable data={query.data ?? []} searchValue={search} onSearchChange={setSearch} rightSection={query.isFetching ? <Loader size="xs" /> : undefined}
      nothingFoundMessage={query.isError ? t('failed') : t('nothing')} placeholder={t('choose')} {...more}
    />
  );
}

const LIMIT = 200;

/** A customer, by name, address or number. */
export function ProfilePicker(props: PickerProps) {
  const { t } = useTranslation('common');
  const load = async (search: string) => {
    const query = { limit: 20, ...(search ? { search } : {}) };
    const page = await call(api.GET('/api/v1/profiles', { params: { query } }));
    return page.items.map((one) => ({
      value: one.id,
      label: [one.name, one.email ?? one.phone].filter(Boolean).join(' · ') || t('nameless'),
    }));
  };
  return <Picker topic="people" load={load} filter={({ options }) => options} {...props} />;
}

export function SegmentPicker(props: PickerProps) {
  const load = async () => {
    const page = await call(api.GET('/api/v1/segments', { params: { query: { limit: LIMIT } } }));
    return page.items.map((one) => ({ value: one.id, label: one.name }));
  };
  return <Picker topic="segments" load={load} {...props} />;
}

export function JourneyPicker(props: PickerProps) {
  const load = async () => {
    const page = await call(api.GET('/api/v1/journeys'));
    return page.items.map((one) => ({ value: one.id, label: one.name }));
  };
  return <Picker topic="journeys" load={load} {...props} />;
}

export function TemplatePicker({ channel, ...props }: { channel?: string } & PickerProps) {
  const load = async () => {
    const page = await call(api.GET('/api/v1/templates'));
    return page.items.filter((one) => !channel || one.channel === channel).map((one) => ({ value: one.id, label: one.name }));
  };
  return <Picker topic="templates" load={load} {...props} />;
}
