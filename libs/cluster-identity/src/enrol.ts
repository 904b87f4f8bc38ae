import { timingSafeEqual, X509Certificate } from 'node:crypto'

import {
  type EnrolRequest,
  type EnrolResponse,
  enrolResponse,
  NODE_API_VERSION,
  type ServiceRole,
} from '@sallyport/contracts'
import { describeError, SallyportError, type Secret } from '@sallyport/foundation'
import { Agent, request } from 'undici'

import { parseAnswer } from './api-answer.ts'
import { ApiClient } from './api-client.ts'
import { ServiceRefusedError, ServiceUnavailableError } from './api-error.ts'
import { createKeyAndRequest } from './certificate-signing-request.ts'
import { serviceOrigin } from './cluster-agent.ts'
import { ClusterIdentity } from './cluster-identity.ts'
import { assertConsistent, IdentityStore, type StoredIdentity } from './identity-store.ts'
import { certificateSha256, type JoinToken, parseJoinToken } from './join-token.ts'
import { readText } from './response-body.ts'

const CA_PATH = '/node-api/v1/ca'
const ENROL_PATH = '/node-api/v1/enrol'
const CA_TIMEOUT_MS = 10_000
const MAX_CA_BYTES = 64 * 1024
const MAKE_A_TOKEN =
  'make a join token with POST /api/v1/platform/join-tokens and start again with JOIN_TOKEN set to it'

const clusterCaAnswer = enrolResponse.pick({ clusterCa: true })

/** A service could not become a member of the cluster; the message says what to do. */
export class EnrolmentError extends SallyportError {}

/** What a service needs to become, or to be again, a member of the cluster. */
export interface Enrolment {
  /** Holds the identity between starts. */
  readonly directory: string
  readonly role: ServiceRole
  /** Name of this instance among those of its role, as the operator sees it: lower-case letters, digits and `-`. */
  readonly name: string
  /** Address of the node-api, `https://host:port`. */
  readonly authServiceUrl: string
  /** Needed at the first start only; ignored while there is an identity that has not expired. */
  readonly joinToken?: Secret<string> | undefined
  /** DNS names and IP addresses under which others reach this service. */
  readonly hosts: readonly string[]
  readonly nowMs: number
  readonly signal?: AbortSignal
}

/**
 * Loads this service's identity, or enrols with the join token and stores the identity. Throws `EnrolmentError`,
 * `IdentityDirectoryError`, or `ServiceUnavailableError` while the auth-service is away: then trying again is right.
 */
export async function loadOrEnrol(enrolment: Enrolment): Promise<ClusterIdentity> {
  const store = new IdentityStore(enrolment.directory)
  const stored = await store.read()
  if (stored !== undefined) {
    assertRole(stored, enrolment)
    if (!isExpired(stored, enrolment.nowMs)) return new ClusterIdentity(store, enrolment.authServiceUrl, stored)
  }
  const state = stored === undefined ? 'has no identity yet' : 'has an identity that has expired'
  if (enrolment.joinToken === undefined) {
    throw new EnrolmentError('join-token-missing', `this ${enrolment.role} ${state}: ${MAKE_A_TOKEN}`)
  }
  const token = parseJoinToken(enrolment.joinToken.reveal())
  if (token === undefined) {
    throw new EnrolmentError('join-token-malformed', `JOIN_TOKEN is not a join token (sp1.….…): ${MAKE_A_TOKEN}`)
  }
  await store.prepare()
  const enrolled = await enrol(enrolment, enrolment.joinToken, token)
  await store.write(enrolled)
  return new ClusterIdentity(store, enrolment.authServiceUrl, enrolled)
}

async function enrol(enrolment: Enrolment, joinToken: Secret<string>, token: JoinToken): Promise<StoredIdentity> {
  const clusterCa = await fetchPinnedCa(enrolment, token.clusterCaSha256)
  const { privateKeyPem, csrPem } = await createKeyAndRequest(enrolment.name, enrolment.hosts)
  const body: EnrolRequest = {
    version: NODE_API_VERSION,
    joinToken: joinToken.reveal(),
    name: enrolment.name,
    csr: csrPem,
    hosts: [...enrolment.hosts],
  }
  const answer = await send(enrolment, clusterCa, body)
  const identity = { privateKeyPem, enrolment: { ...answer, clusterCa } }
  assertRole(identity, enrolment)
  assertConsistent(identity)
  return identity
}

/**
 * Asks for the cluster CA over a connection that is not verified, which is safe because nothing is sent and the answer
 * is used only when its hash is the one in the join token.
 */
async function fetchPinnedCa(enrolment: Enrolment, pinSha256: string): Promise<string> {
  const clusterCa = await fetchCa(enrolment)
  const matches = timingSafeEqual(Buffer.from(certificateSha256(clusterCa)), Buffer.from(pinSha256))
  if (matches) return clusterCa
  throw new EnrolmentError(
    'cluster-ca-mismatch',
    `${enrolment.authServiceUrl} is not of the cluster that made the join token (its CA has another SHA-256): ` +
      'check AUTH_NODE_API_URL, or make a join token at that cluster',
  )
}

async function fetchCa(enrolment: Enrolment): Promise<string> {
  const url = new URL(CA_PATH, serviceOrigin(enrolment.authServiceUrl))
  const timeout = AbortSignal.timeout(CA_TIMEOUT_MS)
  const signal = enrolment.signal === undefined ? timeout : AbortSignal.any([enrolment.signal, timeout])
  const agent = new Agent({ connect: { rejectUnauthorized: false }, allowH2: false })
  try {
    const answer = await request(url, { dispatcher: agent, signal })
    const text = await readText(answer.body, MAX_CA_BYTES)
    if (answer.statusCode !== 200) throw new TypeError(`status ${String(answer.statusCode)}`)
    const { clusterCa } = parseAnswer('the answer', text, clusterCaAnswer)
    // The first certificate alone: it is the one that the pin is compared with, and a PEM may hold more.
    return new X509Certificate(clusterCa).toString()
  } catch (error) {
    enrolment.signal?.throwIfAborted()
    throw new ServiceUnavailableError(`GET ${url.href} failed: ${describeError(error)}`, error)
  } finally {
    await agent.destroy()
  }
}

async function send(enrolment: Enrolment, clusterCaPem: string, body: EnrolRequest): Promise<EnrolResponse> {
  await using client = new ApiClient({
    baseUrl: enrolment.authServiceUrl,
    serverRole: 'auth-service',
    credentials: { clusterCaPem },
  })
  try {
    const { signal } = enrolment
    return await client.call({ method: 'POST', path: ENROL_PATH, body, response: enrolResponse, signal })
  } catch (error) {
    if (!(error instanceof ServiceRefusedError)) throw error
    throw new EnrolmentError(
      error.code,
      `the cluster refused to enrol this ${enrolment.role}: ${error.message}; ${MAKE_A_TOKEN}`,
      {
        cause: error,
      },
    )
  }
}

function assertRole(identity: StoredIdentity, enrolment: Enrolment): void {
  const { role } = identity.enrolment
  if (role === enrolment.role) return
  throw new EnrolmentError(
    'wrong-role',
    `the identity for ${enrolment.directory} is of a ${role}, but this is a ${enrolment.role}: ` +
      'use another IDENTITY_DIRECTORY, or a join token of the right role',
  )
}

function isExpired(identity: StoredIdentity, nowMs: number): boolean {
  return new X509Certificate(identity.enrolment.certificate).validToDate.getTime() <= nowMs
}
