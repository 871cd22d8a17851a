/** What the pages of one customer share. */
import { useQuery } from '@tanstack/react-query';
import { api, call, refresh, type Schema } from '../../../api';

export type Profile = Schema<'ProfileView'>;

export function profileQuery(id: string) {
  return { queryKey: ['people', id], queryFn: () => call(api.GET('/api/v1/profiles/{id}', { params: { path: { id } } })) };
}

export function useProfile(id: string) {
  return useQuery(profileQuery(id));
}

export async function changeProfile(id: string, body: Partial<Schema<'ProfileChanges'>>): Promise<void> {
  await call(api.PATCH('/api/v1/profiles/{id}', { params: { path: { id } }, body: body as Schema<'ProfileChanges'> }));
  await refresh('people');
}

export const DAY = 86_400_000;
