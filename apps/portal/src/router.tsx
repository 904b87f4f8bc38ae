import type { QueryClient } from '@tanstack/react-query'
import { createRouter as create, type Router } from '@tanstack/react-router'

import { administrationRoutes } from './admin/routes.tsx'
import { employeeRoutes } from './employee/routes.tsx'
import { entryRoutes } from './entry/routes.tsx'
import { platformRoutes } from './operator/routes.tsx'
import { administrationRoute, plainRoute, rootRoute, signedInRoute } from './routes.tsx'
import { NotFoundPage } from './session/not-found-page.tsx'
import { ProblemPage } from './session/problem-page.tsx'

const routeTree = rootRoute.addChildren([
  plainRoute.addChildren(entryRoutes),
  signedInRoute.addChildren([
    ...employeeRoutes,
    administrationRoute.addChildren([...administrationRoutes, ...platformRoutes]),
  ]),
])

/** Makes the router over all pages. */
export function createPortalRouter(queries: QueryClient): Router<typeof routeTree, 'never', true> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- The router declares its routes with `any` inside.
  return create({
    routeTree,
    context: { queries },
    defaultErrorComponent: ProblemPage,
    defaultNotFoundComponent: NotFoundPage,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPortalRouter>
  }
}
