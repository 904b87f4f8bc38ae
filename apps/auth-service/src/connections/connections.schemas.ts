import { uuid } from '@sallyport/contracts'
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
