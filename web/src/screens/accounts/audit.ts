/** The audit log in sentences. */

/** `POST /journeys/{id}/publish` is `post_journeys_id_publish`: the key of its sentence. */
export function actionKey(action: string): string {
  return action.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
}

/** What was done, where no sentence of its own says it. */
export function verbOf(action: string): 'made' | 'changed' | 'deleted' | 'read' | 'did' {
  const [method] = action.split(' ');
  return ({ POST: 'made', PUT: 'changed', PATCH: 'changed', DELETE: 'deleted', GET: 'read' } as const)[method ?? ''] ?? 'did';
}

/** What it was done to: `journeys/01H...` is a journey. */
export function kindOf(object: string): string {
  return (object.split('/')[0] ?? '').replace(/-/g, '_');
}

/** Where the thing can be seen, if it has a page of its own. */
export function pathOf(object: string): string | null {
  const [kind, id] = object.split('/');
  if (!id || id.startsWith('#')) return { settings: '/settings', users: '/staff', invitations: '/staff' }[kind ?? ''] ?? null;
  const pages: Record<string, string> = {
    profiles: '/customers', journeys: '/journeys', campaigns: '/campaigns', segments: '/segments', lists: '/lists', imports: '/imports', requests: '/requests',
  };
  if (kind === 'users' || kind === 'invitations') return '/staff';
  const page = pages[kind ?? ''];
  return page ? `${page}/${id}` : null;
}
