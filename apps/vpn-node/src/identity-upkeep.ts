import { setTimeout as delay } from 'node:timers/promises'

import { type ClusterIdentity, loadOrEnrol, ServiceUnavailableError } from '@sallyport/cluster-identity'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { NodeSettings } from './settings.ts'

const RETRY_MS = 2_000
const RENEWAL_CHECK_MS = 10 * 60_000

/** Loads the node's identity or enrols it; waits for an auth-service that is away, and throws for anything else. */
export async function joinCluster(settings: NodeSettings, log: Logger, signal: AbortSignal): Promise<ClusterIdentity> {
  for (;;) {
    try {
      return await loadOrEnrol({
        directory: settings.IDENTITY_DIRECTORY,
        role: 'vpn-node',
        name: settings.SERVICE_NAME,
        authServiceUrl: settings.AUTH_NODE_API_URL,
        joinToken: settings.JOIN_TOKEN,
        hosts: [],
        nowMs: Date.now(),
        signal,
      })
    } catch (error) {
      if (!(error instanceof ServiceUnavailableError)) throw error
      log.warn({ err: describeError(error) }, 'auth-service is away: waiting for it')
      await delay(RETRY_MS, undefined, { signal })
    }
  }
}

/** Renews the identity for as long as the node lives; clients made with it follow by themselves. */
export function keepIdentityFresh(identity: ClusterIdentity, log: Logger): Disposable {
  const timer = setInterval(() => {
    identity.renewIfDue(Date.now()).then(
      (renewed) => {
        if (renewed) log.info({ nodeId: identity.serviceId }, 'identity renewed')
      },
      (error: unknown) => {
        log.warn({ err: describeError(error) }, 'identity not renewed: trying again')
      },
    )
  }, RENEWAL_CHECK_MS)
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer)
    },
  }
}
