import { ALLOCATOR_ERROR_CODES, type ApiError } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'

/** Why a call was refused, the codes of the API and those of any HTTP service. */
export const REFUSAL_REASONS = [
  ...ALLOCATOR_ERROR_CODES,
  'bad-request',
  'not-found',
  'wrong-role',
  'untrusted-connection',
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

const ANSWERS = {
  'pool-full': [409, 'Every address of the network is leased.'],
  'unknown-network': [404, 'The network has no pool.'],
  'foreign-lease': [409, 'The lease belongs to another connection.'],
  'pool-conflict': [409, "The network is another tenant's."],
  'store-unavailable': [503, 'Leases cannot be made for a moment. Please try again.'],
  'bad-request': [400, 'Some fields are missing or not valid.'],
  'not-found': [404, 'There is no such call.'],
  'wrong-role': [403, 'A service of this role may not make this call.'],
  'untrusted-connection': [401, 'This connection does not belong to the cluster.'],
} as const satisfies Record<RefusalReason, readonly [status: number, message: string]>

/** A refused call, thrown by handlers and answered by the filter. */
export class ApiProblem extends SallyportError {
  declare readonly code: RefusalReason
  readonly status: number
  readonly issues: ApiError['issues']

  constructor(reason: RefusalReason, issues?: ApiError['issues']) {
    const [status, message] = ANSWERS[reason]
    super(reason, message, { expose: true })
    this.status = status
    this.issues = issues
  }
}
