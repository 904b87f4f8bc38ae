import { setTimeout as delay } from 'node:timers/promises'

import { type ApiClient, ServiceUnavailableError } from '@sallyport/cluster-identity'
import { authoriseResponse, type Credential } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'

import type { AuthDevice } from './auth-service.ts'

/** The service denied what it has to allow. */
export class AuthBenchError extends SallyportError {}

/** Asks for a device as a node does, and gives the token for the next time. */
export async function authorise(node: ApiClient, device: AuthDevice, credential: Credential): Promise<string> {
  const { tenantId, deviceId, username, certificateSha256, address } = device
  const answer = await node.call({
    method: 'POST',
    path: '/node-api/v1/connections/authorise',
    body: {
      version: 1,
      phase: 'initial',
      controlKey: 'device',
      tenantId,
      deviceId,
      certificate: { sha256: certificateSha256, serial: '1', commonName: deviceId },
      username,
      credential,
      dialogues: [],
      remote: { transport: 'udp', address, port: 40_000 },
      peerInfo: { IV_VER: '2.6.14', IV_PLAT: 'linux', IV_PROTO: '990', IV_CIPHERS: 'AES-256-GCM:CHACHA20-POLY1305' },
    },
    response: authoriseResponse,
  })
  if (answer.decision === 'allow') return answer.grant.sessionToken
  const reason = answer.decision === 'deny' ? answer.code : 'challenge'
  throw new AuthBenchError('not-allowed', `the auth-service answered ${reason} where it has to allow`)
}

/** A client that comes back again and again with the token of the time before. */
export interface Returner {
  readonly device: AuthDevice
  token: string
}

/** Signs every device in with its password. */
export async function signInAll(
  node: ApiClient,
  devices: readonly AuthDevice[],
  together: number,
): Promise<Returner[]> {
  const returners: Returner[] = []
  const queue = [...devices]
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (let device = queue.pop(); device !== undefined; device = queue.pop()) {
        const token = await authorise(node, device, { kind: 'password', password: device.password })
        returners.push({ device, token })
      }
    }),
  )
  return returners
}

/** Lets clients come back, so many at a time, until the time is up; gives how many did. */
export async function returnFor(
  node: ApiClient,
  returners: readonly Returner[],
  together: number,
  milliseconds: number,
): Promise<number> {
  const endMs = performance.now() + milliseconds
  let calls = 0
  const worker = async (_: unknown, first: number): Promise<void> => {
    for (let index = first; performance.now() < endMs; index += together) {
      const returner = returners[index % returners.length]
      if (returner === undefined) return
      returner.token = await authorise(node, returner.device, { kind: 'session-token', token: returner.token })
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
  return calls
}

/**
 * Lets clients come back at a steady rate, whatever the answers take, and gives how long each waited, in milliseconds from
 * the moment at which it was due.
 */
export async function returnSteadily(
  node: ApiClient,
  returners: readonly Returner[],
  perSecond: number,
  seconds: number,
): Promise<number[]> {
  const startMs = performance.now()
  const waits: Promise<number>[] = []
  for (let number = 0; number < perSecond * seconds; number++) {
    const dueMs = startMs + (number * 1000) / perSecond
    await delay(Math.max(0, dueMs - performance.now()))
    const returner = returners[number % returners.length]
    if (returner === undefined) break
    const credential = { kind: 'session-token' as const, token: returner.token }
    waits.push(authorise(node, returner.device, credential).then(() => performance.now() - dueMs))
  }
  return Promise.all(waits)
}

/** Signs in with passwords without a pause until the signal; gives how many were let in. Those refused for now try again. */
export async function signInUntil(
  node: ApiClient,
  devices: readonly AuthDevice[],
  together: number,
  signal: AbortSignal,
): Promise<number> {
  let done = 0
  const worker = async (_: unknown, first: number): Promise<void> => {
    for (let index = first; !signal.aborted; index += together) {
      const device = devices[index % devices.length]
      if (device === undefined) return
      try {
        await authorise(node, device, { kind: 'password', password: device.password })
        done += 1
      } catch (error) {
        if (!(error instanceof ServiceUnavailableError)) throw error
        await delay(100)
      }
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
  return done
}
