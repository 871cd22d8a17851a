/**
 * The one way to the server: a client whose paths and shapes are generated from the OpenAPI document
 * (`codegen/run`).
 *
 *     const page = await call(api.GET('/api/v1/journeys', { params: { query: { limit: 50 } } }));
 *
 * The first word of a query's key is its topic (`['journeys', ...]`): what the server's live connection says has
 * changed is asked for again.
 */
import { QueryClient } from '@tanstack/react-query';
import createClient from 'openapi-fetch';
import { Problem } from './problem';
import type { components, paths } from './schema';

export { asProblem, Problem } from './problem';
export type { paths } from './schema';
/** A shape of the API by its name: `Schema<'ProfileView'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** Lets a session's cookie act: a page of another site cannot send it. */
export const OURS = { 'X-Quaylai-CSRF': '1' } as const;

export const api = createClient<paths>({ baseUrl: '', headers: OURS, credentials: 'same-origin' });

interface Answered<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or a thrown [Problem]. */
export async function call<Data>(pending: Promise<Answered<Data>>): Promise<Data> {
  let answered: Answered<Data>;
  try {
    answered = await pending;
  } catch (error) {
    throw new Problem(0, { code: 'unreachable', detail: error instanceof Error ? error.message : String(error) });
  }
  // The engine is behind: the write is stored and will take effect, but there is nothing to show of it yet.
  const isForLater = answered.response.status === 202 && (answered.data as { code?: unknown } | undefined)?.code === 'accepted_for_later';
  if (isForLater) throw new Problem(202, answered.data as object);
  if (answered.response.ok) return answered.data as Data;
  const told = answered.error;
  throw new Problem(answered.response.status, typeof told === 'object' && told !== null ? told : { detail: String(told ?? '') });
}

/** A key that makes a POST happen once, however often it is sent. */
export function onceKey(): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}` };
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) => count < 2 && (!(error instanceof Problem) || error.status >= 500 || error.status === 0),
      refetchOnWindowFocus: false,
    },
  },
});

/** Asks again for all queries of these topics. */
export function refresh(...topics: string[]): Promise<unknown> {
  return Promise.all(topics.map((topic) => queries.invalidateQueries({ queryKey: [topic] })));
}
