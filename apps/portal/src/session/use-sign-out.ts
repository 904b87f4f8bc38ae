import { answerOf } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'

/** How the end of a session goes. */
export interface SignOut {
  readonly busy: boolean
  /** Why the session goes on. */
  readonly problem: unknown
  readonly signOut: () => Promise<void>
}

/** Ends the session, and leaves the page only when it has ended: nobody must believe so at somebody else's computer. */
export function useSignOut(): SignOut {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const signOut = async (): Promise<void> => {
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
    await navigate({ to: '/sign-in', search: {} })
    queries.clear()
  }
  return { busy, problem, signOut }
}
