import { useCallback, useState } from 'react'

import { NotProvenError } from './proof.ts'

/** Something that people do by a form or a button: whether it is under way, and what went wrong the last time. */
export interface Task {
  readonly busy: boolean
  readonly problem: unknown
  /** Does it; says whether it was done. What it throws is the problem, unless the person gave up themselves. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>
  /** Forgets what went wrong, when something else is begun. */
  readonly forget: () => void
}

/** Keeps the state of a task, for whoever shows it. */
export function useTask(): Task {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const run = useCallback(async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof NotProvenError)) setProblem(error)
      return false
    } finally {
      setBusy(false)
    }
  }, [])
  const forget = useCallback(() => {
    setProblem(undefined)
  }, [])
  return { busy, problem, run, forget }
}
