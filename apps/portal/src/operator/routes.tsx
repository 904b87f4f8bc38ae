import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { strictly } from '../api/search-params.ts'
import { administrationRoute } from '../routes.tsx'
import { readNodesSearch, readTenantsSearch } from './platform-search.ts'

const page = { getParentRoute: () => administrationRoute } as const

export const platformRoutes = [
  createRoute({
    ...page,
    path: '/platform',
    component: lazyRouteComponent(() => import('./platform-page.tsx'), 'PlatformPage'),
  }),
  createRoute({
    ...page,
    path: '/platform/tenants',
    validateSearch: strictly(readTenantsSearch),
    component: lazyRouteComponent(() => import('./tenants-page.tsx'), 'TenantsPage'),
  }),
  createRoute({
    ...page,
    path: '/platform/nodes',
    validateSearch: strictly(readNodesSearch),
    component: lazyRouteComponent(() => import('./nodes-page.tsx'), 'NodesPage'),
  }),
  createRoute({
    ...page,
    path: '/platform/pools',
    component: lazyRouteComponent(() => import('./pools-page.tsx'), 'PoolsPage'),
  }),
] as const
