import { ErrorNote } from '../parts/ErrorNote';

/** In place of a page whose code broke or could not be loaded. */
export function Failed({ error, reset }: { error: unknown; reset?: () => void }) {
  return <ErrorNote error={error} retry={reset ?? (() => window.location.reload())} m="xl" />;
}
