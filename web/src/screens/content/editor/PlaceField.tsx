/** Which of the shop's recommendations a block shows: a place of its own, or a kind. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { placesQuery, RAILS, USUAL } from '../../recommendations/model';

/** Kinds that make sense without a page around them, and without a segment. */
const KINDS = RAILS.filter((rail) => rail !== 'popular_in_segment');

export function PlaceField({ value, set, mayBeNone }: { value: string; set: (place: string) => void; mayBeNone?: boolean }) {
  const { t } = useTranslation(['content', 'recommendations']);
  const places = useQuery(placesQuery);
  const own = (places.data?.items ?? []).map((place) => {
    const usual = USUAL.find((one) => one === place.id);
    return { value: place.id, label: place.name || (usual ? t(`recommendations:place.${usual}`) : place.id) };
  });
  const kinds = KINDS.map((rail) => ({ value: rail as string, label: t(`recommendations:rail.${rail}`) }));
  // A place that is gone is still named.
  const gone = value && ![...own, ...kinds].some((one) => one.value === value) ? [{ value, label: value }] : [];
  const data = [...(mayBeNone ? [{ value: '', label: t('prop.placeNone') }] : []), ...gone, ...own, ...kinds];
  return <Select label={t('prop.place')} allowDeselect={false} searchable data={data} value={value} onChange={(told) => set(told ?? '')} />;
}
