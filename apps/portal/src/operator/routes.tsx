import { createRoute } from '@tanstack/react-router'

import { strictly } from '../api/search-params.ts'
import { lazyPage } from '../lazy-page.ts'
import { administrationRoute } from '../routes.tsx'
import { readNodesSearch, readPoolsSearch, readTenantsSearch } from './platform-search.ts'

const page = { getParentRoute: () => administrationRoute } as const

export const platformRoutes = [
  createRoute({
    ...page,
    path: '/platform',
    component: lazyPage(() => import('./platform-page.tsx'), 'PlatformPage'),
  }),
  createRoute({
    ...page,
    path: '/platform/tenants',
    validateSearch: strictly(readTenantsSearch),
    component: lazyPage(() => import('./tenants-page.tsx'), 'TenantsPage'),
  }),
  createRoute({
    ...page,
    path: '/platform/nodes',
    validateSearch: strictly(readNodesSearch),
    component: lazyPage(() => import('./nodes-page.tsx'), 'NodesPage'),
  }),
  createRoute({
    ...page,
    path: '/platform/pools',
    validateSearch: strictly(readPoolsSearch),
    component: lazyPage(() => import('./pools-page.tsx'), 'PoolsPage'),
  }),
] as const
