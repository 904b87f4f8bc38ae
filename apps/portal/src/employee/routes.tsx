import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { choiceIn, present, strictly } from '../api/search-params.ts'
import { FIRST_ANSWER, firstAnswers } from '../first-answers.ts'
import { signedInRoute } from '../routes.tsx'
import { attemptsQuery, liveConnectionsQuery, pastConnectionsQuery } from './own-queries.ts'

const page = { getParentRoute: () => signedInRoute } as const

export const employeeRoutes = [
  createRoute({ ...page, path: '/', component: lazyRouteComponent(() => import('./home-page.tsx'), 'HomePage') }),
  createRoute({
    ...page,
    path: '/devices',
    validateSearch: strictly((search) => present({ state: choiceIn(search, 'state', ['revoked']) })),
    component: lazyRouteComponent(() => import('./devices-page.tsx'), 'DevicesPage'),
  }),
  createRoute({
    ...page,
    path: '/devices/add',
    component: lazyRouteComponent(() => import('./add-device-page.tsx'), 'AddDevicePage'),
  }),
  createRoute({
    ...page,
    path: '/connections',
    loader: async ({ context: { queries } }) => {
      await firstAnswers(
        queries.query({ ...liveConnectionsQuery, ...FIRST_ANSWER }),
        queries.query({ ...attemptsQuery, ...FIRST_ANSWER }),
        queries.query({ ...pastConnectionsQuery(), ...FIRST_ANSWER }),
      )
    },
    component: lazyRouteComponent(() => import('./connections-page.tsx'), 'ConnectionsPage'),
  }),
  createRoute({
    ...page,
    path: '/security',
    component: lazyRouteComponent(() => import('./security-page.tsx'), 'SecurityPage'),
  }),
] as const
