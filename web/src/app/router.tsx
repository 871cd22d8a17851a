/** Which page stands for which address, and who may see it. */
import { useQuery } from '@tanstack/react-query';
import {
  createRootRoute, createRoute, createRouter, Navigate, Outlet, RouterProvider,
} from '@tanstack/react-router';
import { Suspense, useMemo, useState } from 'react';
import { screens } from '../screens';
import { ErrorNote } from '../parts/ErrorNote';
import { NotAllowed } from '../parts/NotAllowed';
import { NotFound } from '../parts/NotFound';
import { PageSkeleton } from '../parts/PageSkeleton';
import { Failed } from './Failed';
import type { Screen } from './screens';
import { sessionQuery, useMay } from './session';
import { Shell } from './Shell';

function Guarded({ screen }: { screen: Screen }) {
  const isAllowed = useMay(screen.permission);
  const Component = screen.component;
  return isAllowed ? <Component /> : <NotAllowed permission={screen.permission} />;
}

/** The way to the sign-in, once: where it leads back to is where somebody was, not the sign-in itself. */
function ToSignIn() {
  const [next] = useState(() => router.state.location.href);
  return useMemo(() => <Navigate to="/sign-in" search={{ next } as never} replace />, [next]);
}

/** Around every page that needs somebody to be signed in. */
function Frame({ wide }: { wide: boolean }) {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <PageSkeleton />;
  if (session.isError && session.data === undefined) {
    return <ErrorNote error={session.error} retry={() => void session.refetch()} m="xl" />;
  }
  if (!session.data) return <ToSignIn />;
  return (
    <Shell wide={wide}>
      <Suspense fallback={<PageSkeleton />}>
        <Outlet />
      </Suspense>
    </Shell>
  );
}

const root = createRootRoute({
  component: () => (
    <Suspense fallback={<PageSkeleton />}>
      <Outlet />
    </Suspense>
  ),
  notFoundComponent: NotFound,
  errorComponent: Failed,
});
const framed = createRoute({ getParentRoute: () => root, id: 'framed', component: () => <Frame wide={false} /> });
const wide = createRoute({ getParentRoute: () => root, id: 'wide', component: () => <Frame wide /> });

function routeOf(screen: Screen) {
  const parent = screen.frame === 'bare' ? root : screen.frame === 'wide' ? wide : framed;
  return createRoute({
    getParentRoute: () => parent as typeof root,
    path: screen.path,
    component: () => <Guarded screen={screen} />,
    errorComponent: Failed,
  });
}

const of = (frame: Screen['frame']) => screens.filter((one) => (one.frame ?? 'app') === frame).map(routeOf);
const tree = root.addChildren([framed.addChildren(of('app')), wide.addChildren(of('wide')), ...of('bare')]);

export const router = createRouter({
  routeTree: tree,
  basepath: '/app',
  defaultPreload: 'intent',
  defaultPendingComponent: PageSkeleton,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

export function App() {
  return <RouterProvider router={router} />;
}
