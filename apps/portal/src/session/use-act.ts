import { useQueryClient } from '@tanstack/react-query'

import { NotProvenError, useProof } from './proof.ts'

/** Does something and asks anew for the topics that it concerns. */
export type Change = (work: () => Promise<unknown>) => Promise<void>

/** Gives the function that does something and asks anew for these topics; for dialogs that ask first. */
export function useChange(topics: readonly string[]): Change {
  const queries = useQueryClient()
  return async (work) => {
    await work()
    await Promise.all(topics.map((topic) => queries.invalidateQueries({ queryKey: [topic] })))
  }
}

/**
 * Gives the same for forms and buttons: a proof of identity is asked for where the service wants one. It says whether the
 * act was done: not when the proof was not given. What the service refuses is thrown.
 */
export function useAct(topics: readonly string[]): (work: () => Promise<unknown>) => Promise<boolean> {
  const withProof = useProof()
  const change = useChange(topics)
  return async (work) => {
    try {
      await withProof(() => change(work))
      return true
    } catch (error) {
      if (error instanceof NotProvenError) return false
      throw error
    }
  }
}
