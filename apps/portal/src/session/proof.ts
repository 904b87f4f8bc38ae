import { createContext, use } from 'react'

/** The person did not prove who they are, and what needed it was not done. */
export class NotProvenError extends Error {}

/** Does something sensitive, and asks first when the service wants a recent sign-in for it. */
export type WithProof = <Result>(act: () => Promise<Result>) => Promise<Result>

/** How to ask; set by the frame. */
export const ProofContext = createContext<WithProof | undefined>(undefined)

/**
 * Gives the function that does something sensitive: when the service wants a recent sign-in for it, asks for password and
 * second factor and does it then. Throws `NotProvenError` when the person gives up.
 */
export function useProof(): WithProof {
  const withProof = use(ProofContext)
  if (withProof === undefined) throw new Error('there is no frame that could ask')
  return withProof
}
