import type { ConnectionGrant } from '@sallyport/contracts'

import { nodeNetworkOf } from '../networks/node-network.ts'
import { settingsOf } from '../tenants/tenant-settings.ts'
import type { StoredFacts } from './authorisation-facts.ts'

/** Writes the terms of an allowed connection. */
export function grantOf(
  { device, policy }: StoredFacts,
  { connectionId, sessionToken, endsAt }: { connectionId: string; sessionToken: string; endsAt: Date },
): ConnectionGrant {
  const { tenant, user, network } = device
  const { pingSeconds, pingRestartSeconds, renegotiateSeconds, keyLimitBytes, keyLimitPackets } = settingsOf(tenant)
  return {
    connectionId,
    userId: user.id,
    username: user.username,
    deviceId: device.id,
    network: nodeNetworkOf(network),
    sessionToken,
    sessionEndsAt: endsAt.toISOString(),
    keepalive: { pingSeconds, pingRestartSeconds },
    // A token is renewed with the keys: in time, or a connection that is in use would pass for idle.
    renegotiateAfterSeconds: Math.min(renegotiateSeconds, half(policy.tokenSeconds), half(policy.idleSeconds)),
    keyLimitBytes,
    keyLimitPackets,
  }
}

function half(seconds: number | null): number {
  return seconds === null ? Infinity : Math.max(1, Math.floor(seconds / 2))
}
