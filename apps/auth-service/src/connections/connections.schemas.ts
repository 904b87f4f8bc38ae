import { captureSide, uuid } from '@sallyport/contracts'
import { z } from 'zod'

export const connectionView = z.strictObject({
  connectionId: uuid,
  userId: uuid,
  username: z.string(),
  deviceId: uuid,
  deviceName: z.string(),
  networkId: uuid,
  node: z.string(),
  transport: z.enum(['udp', 'tcp']),
  remote: z.string(),
  ipv4: z.string().nullable(),
  ipv6: z.string().nullable(),
  cipher: z.string().nullable(),
  authorisedAt: z.iso.datetime(),
  establishedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  endReason: z.string().nullable(),
  /** Decimal digits: byte counts outgrow JSON's numbers. */
  receivedBytes: z.string(),
  sentBytes: z.string(),
})
export type ConnectionView = z.infer<typeof connectionView>

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
