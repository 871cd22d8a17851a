import type { components } from './schema';

type Document = components['schemas']['ProblemDocument'];

/** What the server, or the way to it, refused. `code` is stable; `detail` says in English what to do. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: { field?: string; path?: string; message: string }[];
  readonly document: Partial<Document>;

  constructor(status: number, document: Partial<Document>) {
    super(document.detail ?? document.title ?? String(status));
    this.name = 'Problem';
    this.status = status;
    this.code = document.code ?? (status === 0 ? 'unreachable' : `http_${status}`);
    this.document = document;
    const told = (document as { problems?: unknown }).problems;
    this.fields = Array.isArray(told) ? (told as { field?: string; path?: string; message: string }[]) : [];
  }

  /** What is wrong with a field, for `useForm`'s `setErrors`. */
  get errors(): Record<string, string> {
    return Object.fromEntries(this.fields.map((one) => [one.field ?? one.path ?? '', one.message]));
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // Not from the server: a page of ours broke, or its code could not be loaded.
  return new Problem(0, { code: 'page_broken', detail: error instanceof Error ? error.message : String(error) });
}
