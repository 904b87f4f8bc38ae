import { answerOf, ApiUnreachableError, type operations } from '@sallyport/api-client'
import { useRef, useState } from 'react'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { useProof } from './proof.ts'
import { type Task, useTask } from './use-task.ts'

/** A secret that an authenticator app is to keep; shown until it is confirmed. */
export type TotpSecret = operations['ownFactorsBeginTotp']['responses'][200]['content']['application/json']

/** How an authenticator app is enrolled. */
export interface TotpEnrolment extends Omit<Task, 'run'> {
  readonly secret: TotpSecret | undefined
  readonly begin: () => Promise<boolean>
  /** Says whether the app is enrolled; a call whose answer was lost is simply made again. */
  readonly confirm: (code: string) => Promise<boolean>
  readonly giveUp: () => void
  /** What began it has the focus again. */
  readonly isGivenUp: boolean
}

/** Enrols an authenticator app. The secret is in no cache; the session's other pages are given the same one. */
export function useTotpEnrolment(): TotpEnrolment {
  const withProof = useProof()
  const { run, ...task } = useTask()
  const [secret, setSecret] = useState<TotpSecret>()
  const [isGivenUp, setGivenUp] = useState(false)
  const mayHaveArrived = useRef(false)
  const show = async (): Promise<void> => {
    setSecret(await withProof(() => answerOf(api.POST('/api/v1/me/totp'))))
  }
  const begin = (): Promise<boolean> => run(show)
  const confirm = (code: string): Promise<boolean> =>
    run(async () => {
      try {
        await withProof(() => answerOf(api.POST('/api/v1/me/totp/confirm', { body: { code } })))
      } catch (error) {
        if (error instanceof ApiUnreachableError) mayHaveArrived.current = true
        if (isRefusal(error, 'totp-begun-elsewhere')) await show()
        if (!mayHaveArrived.current || !isRefusal(error, 'totp-already-enrolled')) throw error
      }
      setSecret(undefined)
    })
  const giveUp = (): void => {
    setGivenUp(true)
    setSecret(undefined)
  }
  return { ...task, secret, isGivenUp, begin, confirm, giveUp }
}
