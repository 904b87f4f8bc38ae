import { randomUUID, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, symlink, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { enrolRequest, NODE_API_VERSION, renewIdentityRequest, type ServiceRole } from '@sallyport/contracts'
import { Secret } from '@sallyport/foundation'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { type Enrolment, loadOrEnrol } from './enrol.ts'
import { createJoinToken } from './join-token.ts'
import { answer, clusterServer, type ServedRequest } from './testing/cluster-server.ts'
import { type ThrowawayCluster, throwawayCluster } from './testing/throwaway-cluster.ts'

const DAY_MS = 24 * 60 * 60_000
const SERVICE_ID = randomUUID()
const NODE_SECRETS = {
  nodeSlot: 7,
  tlsCryptV2ServerKey: Buffer.alloc(128, 1).toString('base64'),
}

let parent: string
let cluster: ThrowawayCluster

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'enrol-'))
  cluster = await throwawayCluster()
})

afterEach(() => rm(parent, { recursive: true }))

/** The three calls of a service's membership as the auth-service answers them. */
async function authService(
  options: { role?: ServiceRole; clusterCa?: string; refuse?: string; lifetimeDays?: number } = {},
) {
  const credentials = await cluster.member({ role: 'auth-service', hosts: ['localhost'] })
  const role = options.role ?? 'vpn-node'
  const member = { role, serviceId: SERVICE_ID, notAfterMs: Date.now() + (options.lifetimeDays ?? 30) * DAY_MS }
  const paths: string[] = []
  const listening = await clusterServer(credentials, async ({ path, body, peer, response }: ServedRequest) => {
    paths.push(path)
    if (path === '/node-api/v1/ca') {
      answer(response, 200, { clusterCa: options.clusterCa ?? cluster.caPem })
      return
    }
    if (options.refuse !== undefined) {
      answer(response, 403, { code: options.refuse, message: 'the join token has expired' })
      return
    }
    const request = path.endsWith('/enrol')
      ? enrolRequest.parse(JSON.parse(body))
      : renewIdentityRequest.parse(JSON.parse(body))
    if (path.endsWith('/renew-identity') && peer?.serviceId !== SERVICE_ID) {
      answer(response, 401, { code: 'no-certificate', message: '' })
      return
    }
    answer(response, 200, {
      version: NODE_API_VERSION,
      serviceId: SERVICE_ID,
      role,
      certificate: await cluster.sign(request.csr, member),
      clusterCa: cluster.caPem,
      allocatorUrl: 'https://localhost:8444',
      nodeSecrets: NODE_SECRETS,
    })
  })
  return { url: listening.url, paths, [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose]() }
}

function enrolment(authServiceUrl: string, changes: Partial<Enrolment> = {}): Enrolment {
  return {
    directory: join(parent, 'identity'),
    role: 'vpn-node',
    name: 'node-1',
    authServiceUrl,
    joinToken: new Secret(createJoinToken(cluster.caPem).text),
    hosts: ['localhost'],
    nowMs: Date.now(),
    ...changes,
  }
}

it('tells how to get a join token when there is neither token nor identity', async () => {
  await expect(loadOrEnrol(enrolment('https://localhost:1', { joinToken: undefined }))).rejects.toThrow(
    'this vpn-node has no identity yet: make a join token with POST /api/v1/platform/join-tokens',
  )
})

it('refuses a malformed token before it calls anybody, without printing it', async () => {
  const attempt = loadOrEnrol(enrolment('https://localhost:1', { joinToken: new Secret('sp1.hunter2') }))
  await expect(attempt).rejects.toMatchObject({ code: 'join-token-malformed' })
  await expect(attempt).rejects.not.toThrow(/hunter2/)
})

it('does not show its token to a cluster other than the one that made it', async () => {
  await using service = await authService({ clusterCa: (await throwawayCluster()).caPem })
  await expect(loadOrEnrol(enrolment(service.url))).rejects.toMatchObject({ code: 'cluster-ca-mismatch' })
  expect(service.paths).toEqual(['/node-api/v1/ca'])
})

it('does not show its token to a server that serves the right CA and holds a certificate of another', async () => {
  const right = cluster
  cluster = await throwawayCluster()
  await using impostor = await authService({ clusterCa: right.caPem })
  const joinToken = new Secret(createJoinToken(right.caPem).text)
  await expect(loadOrEnrol(enrolment(impostor.url, { joinToken }))).rejects.toMatchObject({
    code: 'service-unavailable',
  })
  expect(impostor.paths).toEqual(['/node-api/v1/ca'])
})

it('does not believe a second CA that comes behind the pinned one', async () => {
  const right = cluster
  cluster = await throwawayCluster()
  await using impostor = await authService({ clusterCa: right.caPem + cluster.caPem })
  const joinToken = new Secret(createJoinToken(right.caPem).text)
  await expect(loadOrEnrol(enrolment(impostor.url, { joinToken }))).rejects.toMatchObject({
    code: 'service-unavailable',
  })
  expect(impostor.paths).toEqual(['/node-api/v1/ca'])
})

it('passes on why the token was refused, and what to do', async () => {
  await using service = await authService({ refuse: 'join-token-expired' })
  const attempt = loadOrEnrol(enrolment(service.url))
  await expect(attempt).rejects.toMatchObject({ code: 'join-token-expired' })
  await expect(attempt).rejects.toThrow(/the join token has expired; make a join token with POST/)
})

it('does not spend the token when the identity could not be kept', async () => {
  await using service = await authService()
  await symlink(join(parent, 'missing', 'identity'), join(parent, 'identity'))
  const attempt = loadOrEnrol(enrolment(service.url))
  await expect(attempt).rejects.toMatchObject({ code: 'identity-directory-unusable' })
  expect(service.paths).toEqual([])
})

it('refuses an identity of another role', async () => {
  await using service = await authService({ role: 'ip-allocator' })
  await expect(loadOrEnrol(enrolment(service.url))).rejects.toMatchObject({ code: 'wrong-role' })
  expect(await readdir(join(parent, 'identity'))).toEqual([])
})

it('says that the auth-service is away when nobody listens', async () => {
  const service = await authService()
  await service[Symbol.asyncDispose]()
  await expect(loadOrEnrol(enrolment(service.url))).rejects.toMatchObject({ code: 'service-unavailable' })
})

it('does not enrol over a damaged identity', async () => {
  await using service = await authService()
  await loadOrEnrol(enrolment(service.url))
  await truncate(join(parent, 'identity', 'identity.json'), 100)
  await expect(loadOrEnrol(enrolment(service.url))).rejects.toMatchObject({ code: 'identity-damaged' })
})

it('enrols once, and afterwards needs neither token nor auth-service', async () => {
  const service = await authService()
  const first = await loadOrEnrol(enrolment(service.url))
  await service[Symbol.asyncDispose]()
  const second = await loadOrEnrol(enrolment(service.url, { joinToken: undefined }))
  expect(second.certificatePem).toBe(first.certificatePem)
  expect(second.serviceId).toBe(SERVICE_ID)
  expect(second.allocatorUrl).toBe('https://localhost:8444')
  expect(second.nodeSecrets?.nodeSlot).toBe(7)
  expect(second.nodeSecrets?.tlsCryptV2ServerKey.reveal()).toEqual(new Uint8Array(128).fill(1))
})

it('asks for a token when the identity has expired, and enrols anew with it', async () => {
  await using service = await authService()
  await loadOrEnrol(enrolment(service.url))
  const nowMs = Date.now() + 31 * DAY_MS
  await expect(loadOrEnrol(enrolment(service.url, { nowMs, joinToken: undefined }))).rejects.toThrow(
    /has expired: make a/,
  )
  await loadOrEnrol(enrolment(service.url, { nowMs }))
  expect(service.paths.filter((path) => path.endsWith('/enrol'))).toHaveLength(2)
})

it('renews its certificate and key when less than a third of its life remains, and keeps them', async () => {
  await using service = await authService()
  const identity = await loadOrEnrol(enrolment(service.url))
  const before = identity.certificatePem
  expect(await identity.renewIfDue(Date.now() + 19 * DAY_MS)).toBe(false)
  expect(await identity.renewIfDue(Date.now() + 21 * DAY_MS)).toBe(true)
  expect(identity.certificatePem).not.toBe(before)
  const keyOf = (pem: string) => new X509Certificate(pem).publicKey.export({ format: 'pem', type: 'spki' })
  expect(keyOf(identity.certificatePem)).not.toBe(keyOf(before))
  expect((await loadOrEnrol(enrolment(service.url))).certificatePem).toBe(identity.certificatePem)
})

it('keeps its identity when renewing fails', async () => {
  const service = await authService()
  const identity = await loadOrEnrol(enrolment(service.url))
  const before = identity.certificatePem
  await service[Symbol.asyncDispose]()
  await expect(identity.renewIfDue(Date.now() + 21 * DAY_MS)).rejects.toMatchObject({ code: 'service-unavailable' })
  expect(identity.certificatePem).toBe(before)
})
