import { createRoute } from '@tanstack/react-router'

import { strictly } from '../api/search-params.ts'
import { FIRST_ANSWER, firstAnswers } from '../first-answers.ts'
import { lazyPage } from '../lazy-page.ts'
import { administrationRoute } from '../routes.tsx'
import type { Me } from '../session/me.ts'
import { readAuditSearch } from './monitoring/audit-search.ts'
import { readConnectionsSearch } from './monitoring/connections-search.ts'
import { readDevicesSearch } from './monitoring/devices-search.ts'
import { readOverviewSearch } from './monitoring/overview-series.ts'
import { readPolicySearch } from './policy/policy-search.ts'
import { authoritiesQuery } from './settings/authorities.ts'
import { readTextSearch } from './users/text-search.ts'
import {
  userAttemptsQuery,
  userConnectionsQuery,
  userDevicesQuery,
  userPolicyQuery,
  userQuery,
} from './users/user-queries.ts'
import { readUsersSearch } from './users/users-search.ts'

type Permission = Me['permissions'][number]

const page = { getParentRoute: () => administrationRoute } as const

export const administrationRoutes = [
  createRoute({
    ...page,
    path: '/admin',
    validateSearch: strictly(readOverviewSearch),
    component: lazyPage(() => import('./monitoring/overview-page.tsx'), 'OverviewPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/users',
    validateSearch: strictly(readUsersSearch),
    component: lazyPage(() => import('./users/users-page.tsx'), 'UsersPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/users/import',
    component: lazyPage(() => import('./users/user-import-page.tsx'), 'UserImportPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/users/$userId',
    loader: async ({ context: { queries, me }, params: { userId } }) => {
      const may = (permission: Permission): boolean => me.permissions.includes(permission)
      await firstAnswers(
        queries.query({ ...userQuery(userId), ...FIRST_ANSWER }),
        queries.query({ ...userAttemptsQuery(userId), ...FIRST_ANSWER }),
        ...(may('connections.read') ? [queries.query({ ...userConnectionsQuery(userId), ...FIRST_ANSWER })] : []),
        ...(may('devices.read') ? [queries.query({ ...userDevicesQuery(userId), ...FIRST_ANSWER })] : []),
        ...(may('policy.read') ? [queries.query({ ...userPolicyQuery(userId), ...FIRST_ANSWER })] : []),
      )
    },
    component: lazyPage(() => import('./users/user-page.tsx'), 'UserPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/groups',
    validateSearch: strictly(readTextSearch),
    component: lazyPage(() => import('./groups/groups-page.tsx'), 'GroupsPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/groups/$groupId',
    validateSearch: strictly(readTextSearch),
    component: lazyPage(() => import('./groups/group-page.tsx'), 'GroupPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/policy',
    validateSearch: strictly(readPolicySearch),
    component: lazyPage(() => import('./policy/policy-page.tsx'), 'PolicyPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/devices',
    validateSearch: strictly(readDevicesSearch),
    component: lazyPage(() => import('./monitoring/devices-page.tsx'), 'AllDevicesPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/connections',
    validateSearch: strictly(readConnectionsSearch),
    component: lazyPage(() => import('./monitoring/connections-page.tsx'), 'AllConnectionsPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/audit',
    validateSearch: strictly(readAuditSearch),
    component: lazyPage(() => import('./monitoring/audit-page.tsx'), 'AuditPage'),
  }),
  createRoute({
    ...page,
    path: '/admin/settings',
    component: lazyPage(() => import('./settings/vpn-settings.tsx'), 'VpnSettings'),
  }),
  createRoute({
    ...page,
    path: '/admin/settings/branding',
    component: lazyPage(() => import('./settings/branding-settings.tsx'), 'BrandingSettings'),
  }),
  createRoute({
    ...page,
    path: '/admin/settings/authorities',
    loader: async ({ context: { queries } }) => {
      await firstAnswers(queries.query({ ...authoritiesQuery, ...FIRST_ANSWER }))
    },
    component: lazyPage(() => import('./settings/authorities-settings.tsx'), 'AuthoritiesSettings'),
  }),
  createRoute({
    ...page,
    path: '/admin/settings/networks',
    validateSearch: strictly(readTextSearch),
    component: lazyPage(() => import('./settings/networks-settings.tsx'), 'NetworksSettings'),
  }),
  createRoute({
    ...page,
    path: '/admin/settings/webhooks',
    validateSearch: strictly(readTextSearch),
    component: lazyPage(() => import('./settings/webhooks-settings.tsx'), 'WebhooksSettings'),
  }),
  createRoute({
    ...page,
    path: '/admin/settings/api-tokens',
    validateSearch: strictly(readTextSearch),
    component: lazyPage(() => import('./settings/api-tokens-settings.tsx'), 'ApiTokensSettings'),
  }),
] as const
