import { captureSide, uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQueryOf, pageView } from '../http/page.ts'

export const connectionView = z.strictObject({
  connectionId: uuid,
  userId: uuid,
  username: z.string(),
  deviceId: uuid,
  deviceName: z.string(),
  networkId: uuid,
  networkName: z.string(),
  node: z.string(),
  transport: z.enum(['udp', 'tcp']),
  remote: z.string(),
  ipv4: z.string().nullable(),
  ipv6: z.string().nullable(),
  cipher: z.string().nullable(),
  live: z.boolean().describe('it has not ended; its node was heard in the last minute'),
  authorisedAt: z.iso.datetime(),
  establishedAt: z.iso.datetime().nullable(),
  sessionEndsAt: z.iso.datetime().nullable().describe('when the login that it belongs to ends'),
  endedAt: z.iso.datetime().nullable(),
  endReason: z.string().nullable(),
  /** Decimal digits: byte counts outgrow JSON's numbers. */
  receivedBytes: z.string(),
  sentBytes: z.string(),
})
export type ConnectionView = z.infer<typeof connectionView>

export const connectionPage = pageView(connectionView)

const TEXT_CHARACTERS = 64

export const listOwnConnectionsQuery = pageQueryOf(z.tuple([z.iso.datetime(), uuid])).extend({
  state: z.enum(['live', 'ended']).optional().describe('live: not ended, on a node that is heard'),
  networkId: uuid.optional().describe('only connections to this network'),
  node: z.string().max(TEXT_CHARACTERS).optional().describe('only connections at the node with this name'),
})
export type ListOwnConnectionsQuery = z.infer<typeof listOwnConnectionsQuery>

export const listConnectionsQuery = listOwnConnectionsQuery.extend({
  userId: uuid.optional().describe('only connections of this user'),
})
export type ListConnectionsQuery = z.infer<typeof listConnectionsQuery>

const MEBIBYTE = 2 ** 20

export const captureRequest = z.strictObject({
  side: captureSide.describe('inner: what is in the tunnel; outer: the sealed packets as they travel'),
  seconds: z.int().min(1).max(3600).default(60),
  maxBytes: z
    .int()
    .min(MEBIBYTE)
    .max(1024 * MEBIBYTE)
    .default(64 * MEBIBYTE),
})
export type CaptureRequest = z.infer<typeof captureRequest>

export const captureView = z.strictObject({
  captureId: uuid,
  /** Whose NODE_CAPTURE_DIRECTORY has the file. */
  node: z.string(),
  fileName: z.string(),
})
export type CaptureView = z.infer<typeof captureView>
