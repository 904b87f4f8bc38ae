import { connectionGrant } from '@sallyport/contracts'
import { DEFAULT_POLICY, type MfaPolicy } from '@sallyport/mfa-policy'
import { expect, it } from 'vitest'

import { DEVICE, NETWORK, TENANT, USER } from '../testing/sample-rows.ts'
import { grantOf } from './connection-grant.ts'

const TERMS = {
  connectionId: '66666666-0000-4000-8000-000000000000',
  sessionToken: 'a token',
  endsAt: new Date('2026-01-16T00:00:00.000Z'),
}

function grantBy(rules: Partial<MfaPolicy>, tenant = TENANT): ReturnType<typeof grantOf> {
  const device = { ...DEVICE, user: USER, network: NETWORK, tenant, authority: { state: 'active' } }
  const policy = { ...DEFAULT_POLICY, ...rules }
  return grantOf({ device, policy, enrolled: [], openConnections: 0, login: null }, TERMS)
}

it('grants what nodes understand: whose connection it is, where to, and for how long', () => {
  const grant = grantBy({})
  expect(connectionGrant.parse(grant)).toEqual(grant)
  expect(grant).toMatchObject({
    connectionId: TERMS.connectionId,
    userId: USER.id,
    username: 'alice',
    deviceId: DEVICE.id,
    network: { networkId: NETWORK.id, ipv4: '10.8.0.0/24', routes: ['10.20.0.0/16'] },
    sessionToken: 'a token',
    sessionEndsAt: '2026-01-16T00:00:00.000Z',
    keepalive: { pingSeconds: 10, pingRestartSeconds: 60 },
    renegotiateAfterSeconds: 4320,
    keyLimitBytes: null,
    keyLimitPackets: null,
  })
})

it.each<[Partial<MfaPolicy>, number]>([
  [{ tokenSeconds: 8641 }, 4320],
  [{ tokenSeconds: 3600 }, 1800],
  [{ idleSeconds: 600 }, 300],
  [{ idleSeconds: 61 }, 30],
  [{ idleSeconds: 3600, tokenSeconds: 60 }, 30],
  [{ idleSeconds: null, tokenSeconds: 43_200 }, 4320],
])('renews keys, and the token with them, twice before one is too old or idle: %j', (rules, seconds) => {
  expect(grantBy(rules).renegotiateAfterSeconds).toBe(seconds)
})

it('renews them no less often than the tenant wants', () => {
  const tenant = { ...TENANT, renegotiateSeconds: 120, keyLimitBytes: 1_000_000n, keyLimitPackets: 5000n }
  const grant = grantBy({ idleSeconds: 86_400 }, tenant)
  expect(grant).toMatchObject({ renegotiateAfterSeconds: 120, keyLimitBytes: 1_000_000, keyLimitPackets: 5000 })
})
