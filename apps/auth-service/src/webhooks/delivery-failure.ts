/** Why a request did not arrive. */
export const DELIVERY_FAILURES = [
  'timed-out',
  'refused-address',
  'name-not-found',
  'not-connected',
  'tls-failed',
  'redirected',
  'gone',
  'refused',
] as const
export type DeliveryFailure = (typeof DELIVERY_FAILURES)[number]

/** Why a request did not arrive, as far as tenants are told. */
export const TOLD_FAILURES = ['timed-out', 'unreachable', 'tls-failed', 'redirected', 'gone', 'refused'] as const
type ToldFailure = (typeof TOLD_FAILURES)[number]

/**
 * Gives what a tenant is told of a failure. Names that there are not, names of addresses that are not allowed, and
 * addresses where nobody answers are the same to them: they must not learn what the service can resolve and reach.
 */
export function toldFailureOf(failure: DeliveryFailure): ToldFailure {
  const isHidden = failure === 'name-not-found' || failure === 'refused-address' || failure === 'not-connected'
  return isHidden ? 'unreachable' : failure
}
