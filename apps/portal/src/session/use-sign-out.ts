import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { useLeave } from './leaving.ts'
import { tellOtherTabs } from './other-tabs.ts'

/** How the end of a session goes. */
export interface SignOut {
  readonly busy: boolean
  /** Why the session goes on. */
  readonly problem: unknown
  readonly signOut: () => void
}

/**
 * Ends the session, and leaves the page only when it has ended: nobody must believe so at somebody else's computer. Asks
 * first when something would be lost.
 */
export function useSignOut(): SignOut {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const leave = useLeave()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const end = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await answerOf(api.POST('/api/v1/sign-out'))
    } catch (error) {
      if (!isRefusal(error, 'not-signed-in')) {
        setProblem(error)
        setBusy(false)
        return
      }
    }
    tellOtherTabs()
    await navigate({ to: '/sign-in', search: {}, ignoreBlocker: true })
    queries.clear()
  }
  const signOut = (): void => {
    leave(() => void end())
  }
  return { busy, problem, signOut }
}
