import { PassThrough, type Readable } from 'node:stream'

import { NODE_API_VERSION } from '@sallyport/contracts'

import type { OrderHub, OrderListener } from './order-hub.ts'

const HEARTBEAT_MS = 10_000
/** A node that does not read is cut off; it comes again and synchronises. */
const MAX_WAITING_BYTES = 1024 * 1024

/** Opens a node's endless stream of orders, one JSON object a line. Destroying the stream ends the subscription. */
export function openOrderStream(hub: OrderHub, serviceId: string, draining: boolean): Readable {
  const stream = new PassThrough()
  const write: OrderListener = (order) => {
    const waitingBytes = stream.writableLength + stream.readableLength
    if (order.type === 'dismiss' || waitingBytes > MAX_WAITING_BYTES) stream.destroy()
    else if (stream.writable) stream.write(`${JSON.stringify(order)}\n`)
  }
  const stop = hub.listen(serviceId, write)
  const heartbeat = setInterval(() => {
    write({ type: 'heartbeat' })
  }, HEARTBEAT_MS)
  stream.once('close', () => {
    stop()
    clearInterval(heartbeat)
  })
  write({ type: 'hello', version: NODE_API_VERSION })
  if (draining) write({ type: 'drain' })
  return stream
}
