/** Long work and what became of it; its parts are no part of the first load. */
import { lazy, Suspense } from 'react';

const BellMenu = lazy(() => import('./BellMenu'));

export function Bell() {
  return <Suspense fallback={<span style={{ width: 34 }} />}><BellMenu /></Suspense>;
}
