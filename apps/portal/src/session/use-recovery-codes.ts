import { answerOf, ApiUnreachableError } from '@sallyport/api-client'
import { useState } from 'react'

import { api } from '../api/api.ts'
import { useProof } from './proof.ts'
import { type Task, useTask } from './use-task.ts'

/** How recovery codes are made. */
export interface RecoveryCodes extends Omit<Task, 'run'> {
  /** Shown this once; in no cache. */
  readonly codes: readonly string[] | undefined
  /** An answer was lost: the service may have made a set that nobody has seen. */
  readonly isLost: boolean
  readonly make: () => Promise<boolean>
  readonly forget: () => void
}

/** Makes recovery codes in the place of those before. A set whose answer was lost is replaced by the next. */
export function useRecoveryCodes(): RecoveryCodes {
  const withProof = useProof()
  const { run, ...task } = useTask()
  const [codes, setCodes] = useState<readonly string[]>()
  const [isLost, setLost] = useState(false)
  const make = (): Promise<boolean> =>
    run(async () => {
      try {
        const made = await withProof(() => answerOf(api.POST('/api/v1/me/recovery-codes')))
        setCodes(made.codes)
      } catch (error) {
        if (error instanceof ApiUnreachableError) setLost(true)
        throw error
      }
    })
  const forget = (): void => {
    setCodes(undefined)
  }
  return { ...task, codes, isLost, make, forget }
}
