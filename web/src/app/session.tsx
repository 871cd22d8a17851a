/** Who is signed in, what they may do, and how their shop writes money and time. */
import { useQuery } from '@tanstack/react-query';
import { api, call, Problem, type Schema } from '../api';

export type Session = Schema<'SessionView'>;

/** What an endpoint asks of whoever calls it, as `domain::roles` names it. */
export type Permission =
  | 'setup.read' | 'people.read' | 'setup.change' | 'people.change' | 'people.import' | 'people.export'
  | 'person.export' | 'messages.send' | 'requests.handle' | 'workspace.manage' | 'keys.manage' | 'users.manage'
  | 'audit.read' | 'unlisted';

async function readSession(): Promise<Session | null> {
  try {
    return await call(api.GET('/api/v1/session'));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null;
    throw error;
  }
}

export const sessionQuery = { queryKey: ['session'], queryFn: readSession, staleTime: 5 * 60_000 };

/** `null`: nobody is signed in; `undefined`: not known yet. */
export function useSession(): Session | null | undefined {
  return useQuery(sessionQuery).data;
}

export function useMay(permission: Permission | undefined): boolean {
  const session = useSession();
  return permission === undefined || (session?.permissions.includes(permission) ?? false);
}

/** What a shop has set that decides how things are written. */
export interface Shop {
  name: string;
  currency: string;
  timeZone: string;
  language: string;
}

interface Settings {
  currency?: string;
  time_zone?: string;
  language?: string;
  shop?: { name?: string };
}

export const settingsQuery = {
  queryKey: ['settings'],
  queryFn: async (): Promise<Settings> => (await call(api.GET('/api/v1/settings'))) as Settings,
  staleTime: 60_000,
};

export function useShop(): Shop {
  const session = useSession();
  const settings = useQuery({ ...settingsQuery, enabled: !!session }).data;
  return {
    name: settings?.shop?.name ?? '',
    currency: settings?.currency ?? 'VND',
    timeZone: settings?.time_zone ?? 'Asia/Ho_Chi_Minh',
    language: settings?.language ?? 'vi',
  };
}
