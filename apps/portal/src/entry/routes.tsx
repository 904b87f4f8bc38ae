import { createRoute, redirect } from '@tanstack/react-router'

import { present, strictly, textIn } from '../api/search-params.ts'
import { lazyPage } from '../lazy-page.ts'
import { plainRoute, signedIn } from '../routes.tsx'
import { askAnew } from '../session/me.ts'
import { ownFactorsQuery } from '../session/own-factors.ts'
import { readNext } from './next-path.ts'

/** Where to go on, who is likely to sign in, and whether it is because their session has ended. */
function readSignIn(search: Record<string, unknown>): {
  next?: string
  tenant?: string
  username?: string
  ended?: boolean
} {
  const account = { tenant: textIn(search, 'tenant'), username: textIn(search, 'username') }
  return { ...readNext(search), ...present(account), ...(search['ended'] === true ? { ended: true } : {}) }
}

const signInSearch = strictly(readSignIn)

const page = { getParentRoute: () => plainRoute, validateSearch: strictly(readNext) } as const

export const entryRoutes = [
  createRoute({
    getParentRoute: () => plainRoute,
    validateSearch: signInSearch,
    path: '/sign-in',
    beforeLoad: async ({ context, search: { next = '/' } }) => {
      // Another tab may have signed in already; who cannot be asked is shown the page.
      const isSignedIn = await askAnew(context.queries).then(
        () => true,
        () => false,
      )
      if (isSignedIn) throw redirect({ href: next, replace: true })
    },
    component: lazyPage(() => import('./sign-in-page.tsx'), 'SignInPage'),
  }),
  createRoute({
    ...page,
    path: '/change-password',
    beforeLoad: async ({ context, location }) => {
      await signedIn(context.queries, location.href)
    },
    component: lazyPage(() => import('./change-password-page.tsx'), 'ChangePasswordPage'),
  }),
  createRoute({
    ...page,
    path: '/enrol',
    beforeLoad: async ({ context, location, search: { next } }) => {
      const me = await signedIn(context.queries, location.href)
      if (me.mustChangePassword) throw redirect({ to: '/change-password', search: next === undefined ? {} : { next } })
    },
    // What was known before the last factor was removed would be wrong.
    loader: async ({ context }) => {
      await context.queries.query({ ...ownFactorsQuery, staleTime: 0 })
    },
    component: lazyPage(() => import('./enrol-page.tsx'), 'EnrolPage'),
  }),
  createRoute({
    getParentRoute: () => plainRoute,
    validateSearch: signInSearch,
    path: '/forgot-password',
    component: lazyPage(() => import('./forgot-password-page.tsx'), 'ForgotPasswordPage'),
  }),
  createRoute({
    ...page,
    path: '/link/$token',
    component: lazyPage(() => import('./link-page.tsx'), 'LinkPage'),
  }),
  createRoute({
    ...page,
    path: '/connect/$state',
    component: lazyPage(() => import('./connect-page.tsx'), 'ConnectPage'),
  }),
] as const
