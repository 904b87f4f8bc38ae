import { setTimeout as delay } from 'node:timers/promises'

import { type ClusterIdentity, loadOrEnrol, ServiceUnavailableError } from '@sallyport/cluster-identity'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { AllocatorSettings } from './settings.ts'

const RETRY_MS = 2000
const RENEWAL_CHECK_MS = 10 * 60_000

/** Loads the service's identity or enrols it; waits for an auth-service that is away, and throws for anything else. */
export async function joinCluster(
  settings: AllocatorSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<ClusterIdentity> {
  for (;;) {
    try {
      return await loadOrEnrol({
        directory: settings.IDENTITY_DIRECTORY,
        role: 'ip-allocator',
        name: settings.SERVICE_NAME,
        authServiceUrl: settings.AUTH_NODE_API_URL,
        joinToken: settings.JOIN_TOKEN,
        hosts: settings.ALLOCATOR_HOSTS,
        nowMs: Date.now(),
        signal,
      })
    } catch (error) {
      if (!(error instanceof ServiceUnavailableError)) throw error
      log.warn({ reason: describeError(error) }, 'auth-service is away: waiting for it')
      await delay(RETRY_MS, undefined, { signal })
    }
  }
}

/** Renews the identity while it is kept, and tells when there is a new one to show. */
export function keepIdentityFresh(
  identity: Pick<ClusterIdentity, 'renewIfDue'>,
  log: Logger,
  onRenewed: () => void,
): Disposable {
  const stop = new AbortController()
  const renew = async (): Promise<void> => {
    try {
      if (!(await identity.renewIfDue(Date.now(), stop.signal))) return
      onRenewed()
      log.info({}, 'identity renewed')
    } catch (error) {
      if (!stop.signal.aborted) log.warn({ reason: describeError(error) }, 'identity not renewed: trying again')
    }
  }
  void renew()
  const timer = setInterval(() => void renew(), RENEWAL_CHECK_MS)
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer)
      stop.abort()
    },
  }
}
