import { createRoute } from '@tanstack/react-router'

import { choiceIn, present, strictly } from '../api/search-params.ts'
import { FIRST_ANSWER, firstAnswers } from '../first-answers.ts'
import { lazyPage } from '../lazy-page.ts'
import { signedInRoute } from '../routes.tsx'
import { attemptsQuery, liveConnectionsQuery, pastConnectionsQuery } from './own-queries.ts'

const page = { getParentRoute: () => signedInRoute } as const

export const employeeRoutes = [
  createRoute({ ...page, path: '/', component: lazyPage(() => import('./home-page.tsx'), 'HomePage') }),
  createRoute({
    ...page,
    path: '/devices',
    validateSearch: strictly((search) => present({ state: choiceIn(search, 'state', ['revoked']) })),
    loader: async ({ context: { queries } }) => {
      await firstAnswers(queries.query({ ...liveConnectionsQuery, ...FIRST_ANSWER }))
    },
    component: lazyPage(() => import('./devices-page.tsx'), 'DevicesPage'),
  }),
  createRoute({
    ...page,
    path: '/devices/add',
    component: lazyPage(() => import('./add-device-page.tsx'), 'AddDevicePage'),
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
    component: lazyPage(() => import('./connections-page.tsx'), 'ConnectionsPage'),
  }),
  createRoute({
    ...page,
    path: '/security',
    component: lazyPage(() => import('./security-page.tsx'), 'SecurityPage'),
  }),
] as const
