import type { PasswordProblem } from '@sallyport/identity'

import { ApiProblem } from '../http/api-problem.ts'

/** Makes the 400 of a new password that is not taken; `reason` is for who says it in another language. */
export function weakPassword({ code, message }: { readonly code: Reason; readonly message: string }): ApiProblem {
  return new ApiProblem(400, 'weak-password', message, undefined, {}, { reason: code })
}

type Reason = PasswordProblem['code'] | 'same-as-before'
