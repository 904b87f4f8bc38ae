import { answerOf, type operations } from '@sallyport/api-client'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../api/api.ts'
import { forgetPageOwner } from '../api/page-owner.ts'
import { isRefusal } from '../api/problem-text.ts'
import { askAnew } from '../session/me.ts'
import { tellOtherTabs } from '../session/other-tabs.ts'
import { useTask } from '../session/use-task.ts'
import { rememberTenant } from './known-tenant.ts'

type Answer = operations['signInSignIn']['responses'][200]['content']['application/json']
type FactorBody = operations['signInAnswer']['requestBody']['content']['application/json']
type WithoutChallenge<Body> = Body extends unknown ? Omit<Body, 'challenge'> : never

/** The question for a second factor. */
export type FactorQuestion = Extract<Answer, { status: 'factor-required' }>
/** What answers it. */
export type FactorProof = WithoutChallenge<FactorBody>

/** Who wants to sign in, and proves it. */
export interface Credentials {
  readonly tenant: string
  readonly username: string
  readonly password: string
}

/** How somebody signs in: a password, and where the service asks for it a second factor. */
export interface SignIn {
  readonly busy: boolean
  readonly problem: unknown
  /** There once the password was right; not any more when it took too long. */
  readonly question: FactorQuestion | undefined
  readonly begin: (credentials: Credentials) => Promise<boolean>
  readonly answer: (prove: () => Promise<FactorProof>) => Promise<boolean>
  readonly beginAgain: () => void
  /** Forgets what went wrong, when another way is chosen. */
  readonly forget: () => void
}

/** Signs somebody in; `onSignedIn` is called when they are. */
export function useSignIn(onSignedIn: () => Promise<unknown> | undefined): SignIn {
  const queries = useQueryClient()
  const { busy, problem, run, forget } = useTask()
  const [question, setQuestion] = useState<FactorQuestion>()
  const conclude = async (answer: Answer): Promise<void> => {
    if (answer.status === 'factor-required') {
      setQuestion(answer)
      return
    }
    // What was shown to whoever was signed in before is not theirs.
    forgetPageOwner()
    tellOtherTabs()
    queries.removeQueries({ type: 'inactive' })
    await askAnew(queries)
    await onSignedIn()
  }
  const begin = (credentials: Credentials): Promise<boolean> =>
    run(async () => {
      const answer = await answerOf(api.POST('/api/v1/sign-in', { body: credentials }))
      rememberTenant(credentials.tenant.trim().toLowerCase())
      await conclude(answer)
    })
  const answer = (prove: () => Promise<FactorProof>): Promise<boolean> =>
    run(async () => {
      if (question === undefined) return
      const { challenge } = question
      try {
        await conclude(await answerOf(api.POST('/api/v1/sign-in/factor', { body: { ...(await prove()), challenge } })))
      } catch (error) {
        if (isRefusal(error, 'challenge-expired')) setQuestion(undefined)
        throw error
      }
    })
  const beginAgain = (): void => {
    setQuestion(undefined)
    forget()
  }
  return { busy, problem, question, begin, answer, beginAgain, forget }
}
