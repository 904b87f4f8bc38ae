import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, redirect } from '@tanstack/react-router'

import { isRefusal } from './api/problem-text.ts'
import { needArea } from './messages/catalogue.ts'
import { AdministrationFrame } from './session/administration-frame.tsx'
import { LeaveQuestion } from './session/leave-question.tsx'
import { LonelyNotFoundPage, LonelyProblemPage } from './session/lonely-pages.tsx'
import { type Me, meQuery } from './session/me.ts'
import { PlainFrame } from './session/plain-frame.tsx'
import { SignedInFrame } from './session/signed-in-frame.tsx'

/** What every route can use. */
export interface RouteContext {
  readonly queries: QueryClient
}

export const rootRoute = createRootRouteWithContext<RouteContext>()({
  component: LeaveQuestion,
  errorComponent: LonelyProblemPage,
  notFoundComponent: LonelyNotFoundPage,
})

/** Pages that need no session, or are what a session still lacks. */
export const plainRoute = createRoute({ getParentRoute: () => rootRoute, id: 'plain', component: PlainFrame })

/** Pages of people who are signed in and have done what must be done first. */
export const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  component: SignedInFrame,
  beforeLoad: async ({ context, location }) => {
    const me = await signedIn(context.queries, location.href)
    if (me.mustChangePassword) throw redirect({ to: '/change-password', search: { next: location.href } })
    if (me.mustEnrolFactor) throw redirect({ to: '/enrol', search: { next: location.href } })
    return { me }
  },
})

/** Pages of administrators, auditors and operators; what they may do there the service decides. */
export const administrationRoute = createRoute({
  getParentRoute: () => signedInRoute,
  id: 'administration',
  component: AdministrationFrame,
  beforeLoad: () => needArea('administration'),
})

/** Gives who is signed in; sends everybody else to the sign-in, from where they come back. */
export async function signedIn(queries: QueryClient, next: string): Promise<Me> {
  try {
    return await queries.query({ ...meQuery, staleTime: 'static' })
  } catch (error) {
    if (isRefusal(error, 'not-signed-in')) throw redirect({ to: '/sign-in', search: { next } })
    throw error
  }
}
