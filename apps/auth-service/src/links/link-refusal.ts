import { ApiProblem } from '../http/api-problem.ts'
import type { LinkPurpose } from './one-time-links.ts'

/** Why a link does not work. Only who has the whole link learns more than `unknown`. */
export interface LinkRefusal {
  readonly result: 'link-unknown' | 'link-expired' | 'link-used'
  /** What it was for; absent when there is no such link. */
  readonly purpose?: LinkPurpose
}

/** What there is no link for, has been replaced, or belongs to somebody who may not come in. */
export const UNKNOWN_LINK: LinkRefusal = { result: 'link-unknown' }

const MESSAGES = {
  'link-unknown':
    'There is no such link any more. Please open the link of the latest mail, the whole of it, or ask for a new one.',
  'link-expired': 'This link has expired. Please ask for a new one.',
  'link-used': 'This link was used before: its password is chosen. Please sign in, or ask for a new link.',
} as const

const PROFILE_MESSAGES = {
  'link-unknown': 'There is no such link. Please make a new one in the portal.',
  'link-expired': 'This link has expired. Please make a new one in the portal.',
  'link-used': 'This link has given its profile already. Please make a new one in the portal.',
} as const

/** Makes the 404 of a link that is not there, or the 410 of one that does not work any more. */
export function linkProblem({ result, purpose }: LinkRefusal): ApiProblem {
  const messages = purpose === 'profile' ? PROFILE_MESSAGES : MESSAGES
  const parameters = purpose === undefined ? undefined : { purpose }
  return new ApiProblem(result === 'link-unknown' ? 404 : 410, result, messages[result], undefined, {}, parameters)
}
