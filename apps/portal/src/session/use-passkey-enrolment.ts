import { answerOf, ApiUnreachableError } from '@sallyport/api-client'
import { useRef } from 'react'

import { api } from '../api/api.ts'
import { isRefusal } from '../api/problem-text.ts'
import { serverNowMs } from '../api/server-clock.ts'
import { makePasskey } from './passkey.ts'
import { useProof } from './proof.ts'
import { type Task, useTask } from './use-task.ts'

/** How a passkey is added. */
export interface PasskeyEnrolment extends Omit<Task, 'run'> {
  /** Says whether there is one; what the browser made is sent again when no answer came. */
  readonly add: (name: string) => Promise<boolean>
}

/** What a browser made, and when by the service's clock. */
interface Made {
  readonly attestation: Awaited<ReturnType<typeof makePasskey>>
  readonly atMs: number
}

/** Adds a passkey of this browser. */
export function usePasskeyEnrolment(): PasskeyEnrolment {
  const withProof = useProof()
  const { run, ...task } = useTask()
  const unanswered = useRef<Made>(undefined)
  const make = async (): Promise<Made> => {
    const options = await withProof(() => answerOf(api.POST('/api/v1/me/passkeys/options')))
    const atMs = serverNowMs(Date.now())
    return { attestation: await makePasskey(options), atMs }
  }
  const add = (name: string): Promise<boolean> =>
    run(async () => {
      const earlier = unanswered.current
      unanswered.current = undefined
      const made = earlier ?? (await make())
      try {
        const body = { name, attestation: made.attestation }
        await withProof(() => answerOf(api.POST('/api/v1/me/passkeys', { body })))
      } catch (error) {
        if (error instanceof ApiUnreachableError) unanswered.current = made
        if (earlier === undefined || !(await hasArrived(earlier, error))) throw error
      }
    })
  return { ...task, add }
}

/** The first sending may have come through, and only its answer not: then its challenge is used up. */
async function hasArrived({ atMs }: Made, error: unknown): Promise<boolean> {
  if (isRefusal(error, 'passkey-known')) return true
  if (!isRefusal(error, 'challenge-expired')) return false
  const passkeys = await answerOf(api.GET('/api/v1/me/passkeys'))
  return passkeys.some(({ createdAt }) => Date.parse(createdAt) >= atMs - 1000)
}
