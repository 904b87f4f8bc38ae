import type { operations } from '@sallyport/api-client'

/** A supposed attempt to come in. */
export type Attempt = NonNullable<operations['policyDryRun']['requestBody']['content']['application/json']['attempt']>
type Factor = NonNullable<Attempt['lastProof']>['method']

/** The situations in which the rules are tried. */
export type ScenarioName = 'first' | 'given' | 'again' | 'portal'

/** One of them, for one user. */
export interface Scenario {
  readonly name: ScenarioName
  readonly attempt: Attempt
}

const ADDRESS = '192.0.2.1'
const PROVEN_BEFORE_MS = 2 * 3_600_000

/**
 * Gives the situations that a user can be in, all at one time: on a new device with the password alone, with a second
 * factor as well, again on a device that gave its proof two hours before, and at the portal.
 */
export function scenariosOf(
  { factors, deviceId }: { readonly factors: readonly Factor[]; readonly deviceId: string | undefined },
  at: string,
): readonly Scenario[] {
  const vpn = { where: 'vpn', at, address: ADDRESS } as const
  const factor = factors.includes('totp') ? 'totp' : factors[0]
  const before = new Date(Date.parse(at) - PROVEN_BEFORE_MS).toISOString()
  return [
    { name: 'first', attempt: vpn },
    ...(factor === undefined
      ? []
      : [{ name: 'given', attempt: { ...vpn, credential: { kind: 'password', factor } } } as const]),
    ...(factor === undefined || deviceId === undefined
      ? []
      : [
          {
            name: 'again',
            attempt: { ...vpn, deviceId, lastProof: { at: before, method: factor, address: ADDRESS } },
          } as const,
        ]),
    { name: 'portal', attempt: { where: 'portal', at, address: ADDRESS } },
  ]
}
