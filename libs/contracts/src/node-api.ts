import { z } from 'zod'

import { uuid } from './scalars.ts'

/** Version of the node-api; both sides refuse another major version with a sentence that says which to upgrade. */
export const NODE_API_VERSION = 1

/** What a service may be in the cluster; its certificate carries the role as organizational unit. */
export const SERVICE_ROLES = ['auth-service', 'ip-allocator', 'vpn-node'] as const
export const serviceRole = z.enum(SERVICE_ROLES)
export type ServiceRole = z.infer<typeof serviceRole>

/** `POST /node-api/v1/enrol`: the only call without a client certificate; the join token is its proof. */
export const enrolRequest = z.strictObject({
  version: z.literal(NODE_API_VERSION),
  joinToken: z.string().min(1).max(256),
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  /** PEM certificate signing request; the key stays with the service. */
  csr: z.string().max(8192),
  /** DNS names and IP addresses for the subject alternative name; ignored for vpn-node. */
  hosts: z.array(z.string().max(253)).max(16),
})
export type EnrolRequest = z.infer<typeof enrolRequest>

/** Secrets that only a vpn-node gets; base64 of raw bytes. */
export const nodeSecrets = z.strictObject({
  /** Upper 8 bits of every peer-id of this node. */
  nodeSlot: z.int().min(0).max(254),
  /** 128 bytes: the cluster's tls-crypt-v2 server key. */
  tlsCryptV2ServerKey: z.base64(),
  /** 32 bytes: the cluster's key for stateless cookies. */
  cookieKey: z.base64(),
})
export type NodeSecrets = z.infer<typeof nodeSecrets>

export const enrolResponse = z.strictObject({
  version: z.literal(NODE_API_VERSION),
  serviceId: uuid,
  role: serviceRole,
  certificate: z.string(),
  clusterCa: z.string(),
  /** Where leases are made; empty for other roles. */
  allocatorUrl: z.string(),
  nodeSecrets: nodeSecrets.optional(),
})
export type EnrolResponse = z.infer<typeof enrolResponse>

/** `POST /node-api/v1/renew-identity`: a fresh certificate (and, for a node, fresh secrets) for the caller's identity. */
export const renewIdentityRequest = z.strictObject({ version: z.literal(NODE_API_VERSION), csr: z.string().max(8192) })
export type RenewIdentityRequest = z.infer<typeof renewIdentityRequest>

/** `GET /node-api/v1/tenants`: the tenants that a node serves. */
export const tenantList = z.strictObject({ tenants: z.array(z.strictObject({ tenantId: uuid, slug: z.string() })) })
export type TenantList = z.infer<typeof tenantList>

/** `POST /node-api/v1/tenants/:tenantId/server-certificate`: a short-lived TLS server certificate of that tenant's CA. */
export const serverCertificateRequest = z.strictObject({ csr: z.string().max(8192) })
export const serverCertificateResponse = z.strictObject({
  certificate: z.string(),
  /** PEM of every CA certificate that signs this tenant's devices. */
  tenantCa: z.string(),
  notAfter: z.iso.datetime(),
})
export type ServerCertificateResponse = z.infer<typeof serverCertificateResponse>

/** A tenant network as a node needs it. */
export const nodeNetwork = z.strictObject({
  networkId: uuid,
  tenantId: uuid,
  name: z.string(),
  /** Name of the network namespace on the node; `null` is the host's. */
  namespace: z.string().nullable(),
  /** Address block of the pool, e.g. `10.8.0.0/24`; the first address is the node's own on the TUN device. */
  ipv4: z.string(),
  ipv6: z.string().nullable(),
  /** Prefixes pushed to clients and reachable through the node. */
  routes: z.array(z.string()),
  dnsServers: z.array(z.string()),
  dnsDomains: z.array(z.string()),
  /** Grows with every change, so that a node never goes back to older routes. */
  version: z.int().positive(),
})
export type NodeNetwork = z.infer<typeof nodeNetwork>

/** What the client showed as second half of its identity: a password with or without OTP, or a session token. */
export const credential = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('password'),
    password: z.string().max(512),
    response: z.string().max(64).optional(),
  }),
  z.strictObject({ kind: z.literal('session-token'), token: z.string().max(127) }),
])
export type Credential = z.infer<typeof credential>

/** `POST /node-api/v1/connections/authorise`. */
export const authoriseRequest = z.strictObject({
  version: z.literal(NODE_API_VERSION),
  phase: z.enum(['initial', 'renegotiation']),
  /** Given on renegotiation: the connection that goes on. */
  connectionId: uuid.optional(),
  /** From the metadata of the tls-crypt-v2 key. */
  tenantId: uuid,
  deviceId: uuid,
  certificate: z.strictObject({
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    serial: z.string().regex(/^[0-9a-f]{1,64}$/),
    commonName: z.string().max(256),
  }),
  username: z.string().max(256),
  credential,
  remote: z.strictObject({ address: z.string(), port: z.int().min(0).max(65535) }),
  /** IV_* and UV_* lines as the client sent them, untrusted. */
  peerInfo: z.record(z.string().max(64), z.string().max(512)),
})
export type AuthoriseRequest = z.infer<typeof authoriseRequest>

/** Every reason for which a connection is denied; stable, counted, audited. */
export const DENY_CODES = [
  'wrong-password',
  'otp-required',
  'otp-not-enrolled',
  'wrong-otp',
  'otp-reused',
  'password-change-required',
  'user-disabled',
  'device-revoked',
  'unknown-device',
  'certificate-mismatch',
  'token-expired',
  'token-invalid',
  'too-many-attempts',
  'tenant-suspended',
] as const
export type DenyCode = (typeof DENY_CODES)[number]

/** Terms of an allowed connection. */
export const connectionGrant = z.strictObject({
  connectionId: uuid,
  userId: uuid,
  username: z.string(),
  deviceId: uuid,
  network: nodeNetwork,
  /** ≤ 127 characters; pushed as auth-token. */
  sessionToken: z.string().max(127),
  /** When the session token stops being good for any renegotiation or reconnect. */
  sessionEndsAt: z.iso.datetime(),
  keepalive: z.strictObject({ pingSeconds: z.int().positive(), pingRestartSeconds: z.int().positive() }),
})
export type ConnectionGrant = z.infer<typeof connectionGrant>

export const authoriseResponse = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('allow'), grant: connectionGrant }),
  z.strictObject({ decision: z.literal('deny'), code: z.enum(DENY_CODES), message: z.string().max(200) }),
])
export type AuthoriseResponse = z.infer<typeof authoriseResponse>

/** `POST /node-api/v1/connections/:connectionId/established`: addresses are known and the tunnel is up. */
export const establishedReport = z.strictObject({
  ipv4: z.string().nullable(),
  ipv6: z.string().nullable(),
  cipher: z.string(),
})
export type EstablishedReport = z.infer<typeof establishedReport>

/** `POST /node-api/v1/connections/:connectionId/ended`. Idempotent. */
export const endedReport = z.strictObject({
  reason: z.string().max(64),
  receivedBytes: z.string().regex(/^\d+$/),
  sentBytes: z.string().regex(/^\d+$/),
})
export type EndedReport = z.infer<typeof endedReport>

/**
 * `POST /node-api/v1/connections/sync`: what a node has, sent after every (re)connection of the order stream and every
 * 15 s; the answer names the connections that must end, and the networks as they are, because an order was missed.
 */
export const syncRequest = z.strictObject({ connectionIds: z.array(uuid).max(65536) })
export const syncResponse = z.strictObject({
  end: z.array(z.strictObject({ connectionId: uuid, code: z.string(), message: z.string().max(200) })),
  /** The networks of the node's live connections as they are now. */
  networks: z.array(nodeNetwork),
})
export type SyncResponse = z.infer<typeof syncResponse>

/** `GET /node-api/v1/orders`: an endless stream of newline-delimited JSON; a `heartbeat` comes every 10 s. */
export const nodeOrder = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), version: z.literal(NODE_API_VERSION) }),
  z.strictObject({ type: z.literal('heartbeat') }),
  /** End every connection that matches; the reason goes to the client. */
  z.strictObject({
    type: z.literal('revoked'),
    tenantId: uuid,
    userId: uuid.optional(),
    deviceId: uuid.optional(),
    connectionId: uuid.optional(),
    code: z.string().max(64),
    message: z.string().max(200),
  }),
  /** Routes or DNS of a network changed; the node re-reads it with the next grant. */
  z.strictObject({ type: z.literal('policy-changed'), tenantId: uuid, network: nodeNetwork }),
  /** Take no new connections and ask the clients to reconnect elsewhere. */
  z.strictObject({ type: z.literal('drain') }),
  z.strictObject({ type: z.literal('resume') }),
])
export type NodeOrder = z.infer<typeof nodeOrder>

/** Body of every answer with a status ≥ 400. */
export const apiError = z.strictObject({
  code: z.string(),
  message: z.string(),
  /** Field errors of a request that failed validation. */
  issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
})
export type ApiError = z.infer<typeof apiError>
