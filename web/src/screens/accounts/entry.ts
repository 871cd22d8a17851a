/** What follows when somebody has signed in. */
import { api, call, queries } from '../../api';
import { speak } from '../../app/i18n';
import { sessionQuery, type Session } from '../../app/session';

/** Where a page that asked to sign in first wants to go back to: a page of ours, or the first one. */
export function safeNext(told: unknown): string {
  const path = typeof told === 'string' ? told.replace(/^\/app(?=\/|$)/, '') : '';
  return path.startsWith('/') && !path.startsWith('//') && !path.startsWith('/\\') && !path.startsWith('/sign-in') ? path : '/';
}

/** Takes the session up: its language, and nothing of whoever was here before. */
export async function entered(session?: Session): Promise<void> {
  const found = session ?? (await call(api.GET('/api/v1/session')));
  queries.clear();
  queries.setQueryData(sessionQuery.queryKey, found);
  if (found.language === 'vi' || found.language === 'en') await speak(found.language);
}
