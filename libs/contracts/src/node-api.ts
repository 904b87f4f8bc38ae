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

/** Secrets that only a vpn-node gets; base64 of raw bytes. Others are ignored: a stored identity may be older than this. */
export const nodeSecrets = z.object({
  /** Upper 8 bits of every peer-id of this node. */
  nodeSlot: z.int().min(0).max(254),
  /** 128 bytes: the cluster's tls-crypt-v2 server key. */
  tlsCryptV2ServerKey: z.base64(),
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

/**
 * `GET /node-api/v1/handshake-keys` (role vpn-node): what a node needs before it knows who a client is. Asked for at the
 * start, after the order `handshake-keys-changed` and every ten minutes.
 */
export const handshakeKeys = z.strictObject({
  /**
   * Keys of the stateless cookie, 32 bytes each. A cookie is made with the key whose `validFrom` is the latest that has
   * come, and accepted under each of them; the next key is among them before its time.
   */
  cookieKeys: z
    .array(z.strictObject({ validFrom: z.iso.datetime(), key: z.base64() }))
    .min(1)
    .max(4),
  /** One static key of 256 bytes for each tenant that lets old clients in; the digest of tls-auth is SHA256. */
  staticKeys: z.array(z.strictObject({ tenantId: uuid, mode: z.enum(['tls-crypt', 'tls-auth']), key: z.base64() })),
})
export type HandshakeKeys = z.infer<typeof handshakeKeys>

/** `GET /node-api/v1/tenants`: the tenants that a node serves. */
export const tenantList = z.strictObject({
  tenants: z.array(
    z.strictObject({
      tenantId: uuid,
      slug: z.string(),
      /** Grows with every change of the tenant's CAs: a node that has a lower one fetches its server certificate anew. */
      authorityVersion: z.int().positive(),
    }),
  ),
})
export type TenantList = z.infer<typeof tenantList>

/** `POST /node-api/v1/tenants/:tenantId/server-certificate`: a short-lived TLS server certificate of that tenant's CA. */
export const serverCertificateRequest = z.strictObject({ csr: z.string().max(8192) })
export const serverCertificateResponse = z.strictObject({
  certificate: z.string(),
  /** PEM of every CA certificate that signs this tenant's devices. */
  tenantCa: z.string(),
  authorityVersion: z.int().positive(),
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
  /** Appended to names without a dot. */
  dnsDomains: z.array(z.string()),
  /** Only names below these are asked of `dnsServers`; empty means all names. */
  dnsResolveDomains: z.array(z.string()),
  /** Windows clients ask no resolver outside the tunnel. */
  blockOutsideDns: z.boolean(),
  /** Clients send no IPv6 past the tunnel. */
  blockIpv6: z.boolean(),
  /** A client that moved no data for so long leaves by itself. */
  inactiveSeconds: z.int().positive().nullable(),
  /** What each client may send and be sent; `null` is no limit. */
  uploadKilobitsPerSecond: z.int().positive().nullable(),
  downloadKilobitsPerSecond: z.int().positive().nullable(),
  uploadPacketsPerSecond: z.int().positive().nullable(),
  downloadPacketsPerSecond: z.int().positive().nullable(),
  /** Grows with every change, so that a node never goes back to older routes. */
  version: z.int().positive(),
})
export type NodeNetwork = z.infer<typeof nodeNetwork>

/** Names a dialogue that any instance of auth-service can continue. */
export const challengeState = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)

/**
 * What the client showed as second half of its identity: a password with or without OTP (without, six digits at its end
 * count as one), a session token, or the answer to a challenge.
 */
export const credential = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('password'),
    password: z.string().max(512),
    response: z.string().max(64).optional(),
  }),
  z.strictObject({ kind: z.literal('session-token'), token: z.string().max(127) }),
  /** The response is empty for a challenge that its user answered in the browser. */
  z.strictObject({ kind: z.literal('challenge-response'), state: challengeState, response: z.string().max(64) }),
])
export type Credential = z.infer<typeof credential>

/** How a client can be asked for more while it connects: CRV1, or CR_TEXT and WEB_AUTH while authentication is pending. */
export const dialogue = z.enum(['dynamic-challenge', 'text', 'web'])
export type Dialogue = z.infer<typeof dialogue>

/** `POST /node-api/v1/connections/authorise`. */
export const authoriseRequest = z.strictObject({
  version: z.literal(NODE_API_VERSION),
  phase: z.enum(['initial', 'renegotiation']),
  /** Given on renegotiation: the connection that goes on. */
  connectionId: uuid.optional(),
  /** Whose key wraps the control channel: the device's own (tls-crypt-v2), or the static one of its tenant. */
  controlKey: z.enum(['device', 'tenant']),
  /** From the metadata of the tls-crypt-v2 key; with a static key its tenant, and the device that the certificate names. */
  tenantId: uuid,
  deviceId: uuid,
  certificate: z.strictObject({
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    serial: z.string().regex(/^[0-9a-f]{1,64}$/),
    commonName: z.string().max(256),
  }),
  username: z.string().max(256),
  credential,
  dialogues: z.array(dialogue).max(3),
  remote: z.strictObject({
    transport: z.enum(['udp', 'tcp']),
    address: z.string(),
    port: z.int().min(0).max(65535),
  }),
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
  'challenge-expired',
  'profile-too-old',
  'certificate-expired',
  'session-ended',
  'too-many-connections',
  'method-not-allowed',
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
  /** When the node asks for new keys by itself. */
  renegotiateAfterSeconds: z.int().positive(),
  /** New keys are asked for when either direction has used them so much; `null` leaves it to the cipher's own limits. */
  keyLimitBytes: z.int().positive().nullable(),
  keyLimitPackets: z.int().positive().nullable(),
})
export type ConnectionGrant = z.infer<typeof connectionGrant>

/** The first factor was right; the connection waits for `{ kind: 'challenge-response', state, … }`. */
export const challenge = z.strictObject({
  decision: z.literal('challenge'),
  state: challengeState,
  /** `code` is asked of the client itself; `web` is answered at `url`, after which the order `challenge-answered` comes. */
  method: z.enum(['code', 'web']),
  /** ASCII without commas: it goes into control messages. */
  prompt: z.string().regex(/^[ -+\--~]{1,200}$/),
  /** Whether the answer may be seen while it is typed. */
  echo: z.boolean(),
  url: z.url().max(512).optional(),
  expiresInSeconds: z.int().positive(),
})
export type Challenge = z.infer<typeof challenge>

export const authoriseResponse = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('allow'), grant: connectionGrant }),
  z.strictObject({ decision: z.literal('deny'), code: z.enum(DENY_CODES), message: z.string().max(200) }),
  challenge,
])
export type AuthoriseResponse = z.infer<typeof authoriseResponse>

/** Addresses are known and the tunnel is up. */
export const establishedReport = z.strictObject({
  ipv4: z.string().nullable(),
  ipv6: z.string().nullable(),
  cipher: z.string(),
})
export type EstablishedReport = z.infer<typeof establishedReport>

/**
 * What a node tells a client that was allowed in and that it cannot give a tunnel, by the `reason` with which it reports the
 * end; older nodes report `not-established`.
 */
export const NOT_EQUIPPED_MESSAGES = {
  'pool-full': 'All addresses of this network are in use: try again later',
  'network-overlaps': 'This network is not available on the server: try again later',
  'network-unavailable': 'This network is not available on the server: try again later',
  'allocator-away': 'Addresses are temporarily unavailable: try again shortly',
  'internal-error': 'The server failed to set up the connection: try again',
} as const
export type NotEquippedCode = keyof typeof NOT_EQUIPPED_MESSAGES

/** The connection is over; told again it changes nothing. */
export const endedReport = z.strictObject({
  reason: z.string().max(64),
  receivedBytes: z.string().regex(/^\d+$/),
  sentBytes: z.string().regex(/^\d+$/),
})
export type EndedReport = z.infer<typeof endedReport>

/** How a capture of a connection's packets ended. */
export const captureReport = z.strictObject({
  captureId: uuid,
  outcome: z.enum(['finished', 'not-enabled', 'no-connection', 'busy', 'file-error']),
  packets: z.string().regex(/^\d+$/),
  /** Packets that are not in the file, because it was full or the disk too slow. */
  missed: z.string().regex(/^\d+$/),
})
export type CaptureReport = z.infer<typeof captureReport>

/** As much as the database can store. */
const byteCount = z.string().regex(/^\d{1,18}$/)

/** Reports of one call at most. */
export const MAX_REPORTS = 256

/**
 * `POST /node-api/v1/connections/reports`: what became of a node's connections, in the order in which it happened.
 * Connections that are not the node's, or gone, are passed over.
 */
export const connectionReports = z.strictObject({
  reports: z
    .array(
      z.discriminatedUnion('type', [
        establishedReport.extend({ type: z.literal('established'), connectionId: uuid }),
        endedReport.extend({ type: z.literal('ended'), connectionId: uuid }),
        captureReport.extend({ type: z.literal('captured'), connectionId: uuid }),
      ]),
    )
    .max(MAX_REPORTS),
})
export type ConnectionReport = z.infer<typeof connectionReports>['reports'][number]

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

/**
 * `POST /node-api/v1/status`: how a node is, every 15 s. Newer nodes may say more than this, and older auth-services answer
 * 404, which means nothing to a node.
 */
export const nodeStatus = z.object({
  /** Of the program, for example `0.1.0`. */
  version: z.string().regex(/^[\x20-\x7e]{1,64}$/),
  startedAt: z.iso.datetime(),
  /** Tunnels that it carries. */
  connections: z.int32().nonnegative(),
  /** Tunnels that it has room for. */
  capacity: z.int32().nonnegative().nullable(),
  /** Of all its processors since the last report, from 0 to 1; null in the first one. */
  cpuShare: z.number().min(0).max(1).nullable(),
})
export type NodeStatus = z.infer<typeof nodeStatus>

/**
 * `POST /node-api/v1/connections/traffic`: bytes so far of connections that moved data since they were told last; every
 * 15 s. As with `status`, newer nodes may say more, and older auth-services answer 404.
 */
export const trafficReport = z.object({
  connections: z
    .array(z.object({ connectionId: uuid, receivedBytes: byteCount, sentBytes: byteCount }))
    .max(MAX_REPORTS),
})
export type TrafficReport = z.infer<typeof trafficReport>

/** Body of every answer with a status ≥ 400. */
export const apiError = z.strictObject({
  code: z.string(),
  message: z.string(),
  /** Field errors of a request that failed validation. */
  issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
})
export type ApiError = z.infer<typeof apiError>
