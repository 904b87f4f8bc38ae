import { z } from 'zod'

import { challengeState, NODE_API_VERSION, nodeNetwork } from './node-api.ts'
import { uuid } from './scalars.ts'

/** `inner`: what is in the tunnel; `outer`: the sealed packets as they travel. */
export const captureSide = z.enum(['inner', 'outer'])

/** Ends of logins in one order or answer at most: its line stays below 64 KiB. */
export const MAX_SESSION_ENDS = 256

/** When the login of a live connection ends. */
export const sessionEnd = z.strictObject({ connectionId: uuid, sessionEndsAt: z.iso.datetime() })
export type SessionEnd = z.infer<typeof sessionEnd>

/**
 * `POST /node-api/v1/connections/session-ends`: when the logins of these connections of the node end, as far as they are
 * known. Asked about all after a gap in the orders, and about each before its end, because an order may have been missed.
 */
export const sessionEndsRequest = z.strictObject({ connectionIds: z.array(uuid).max(MAX_SESSION_ENDS) })
export const sessionEndsResponse = z.strictObject({ ends: z.array(sessionEnd).max(MAX_SESSION_ENDS) })
export type SessionEndsResponse = z.infer<typeof sessionEndsResponse>

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
  /** The answer of `GET /node-api/v1/handshake-keys` differs from now on. */
  z.strictObject({ type: z.literal('handshake-keys-changed') }),
  /** The tenant's CAs are others: the node fetches its server certificate anew and trusts the CAs that come with it. */
  z.strictObject({ type: z.literal('tenant-authority-changed'), tenantId: uuid, authorityVersion: z.int().positive() }),
  /** The user of this state answered in the browser: the node that holds the connection authorises it again. */
  z.strictObject({ type: z.literal('challenge-answered'), state: challengeState }),
  /** Write the packets of a connection to a file on the node, for a time and up to a size. */
  z.strictObject({
    type: z.literal('capture'),
    captureId: uuid,
    connectionId: uuid,
    side: captureSide,
    seconds: z.int().positive(),
    maxBytes: z.int().positive(),
  }),
  /**
   * The logins of these connections end at other times than was granted. With `renewKeys` new keys are made at once, with
   * which the client gets a token of the login as it is now.
   */
  z.strictObject({
    type: z.literal('session-ends'),
    ends: z.array(sessionEnd).min(1).max(MAX_SESSION_ENDS),
    renewKeys: z.boolean(),
  }),
  z.strictObject({ type: z.literal('resume') }),
])
export type NodeOrder = z.infer<typeof nodeOrder>

const KNOWN_ORDERS: ReadonlySet<string> = new Set(nodeOrder.options.map(({ shape }) => shape.type.value))

/** An order as a node hears it: one of a later version is told from one that is not as agreed, and can be passed over. */
export const heardOrder = z.union([
  nodeOrder,
  z
    .looseObject({ type: z.string().refine((type) => !KNOWN_ORDERS.has(type)) })
    .transform(() => ({ type: 'unknown' }) as const),
])
export type HeardOrder = z.infer<typeof heardOrder>
