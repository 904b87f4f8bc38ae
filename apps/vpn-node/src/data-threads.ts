import { availableParallelism } from 'node:os'

import { MAX_DATA_THREADS } from '@sallyport/packet-engine'
import { z } from 'zod'

const MAX_AUTOMATIC = 8

/**
 * How many data threads suit a machine of so many cores: half of them, since handshakes, the kernel's network stack and
 * whatever else runs there need the rest; at least one.
 */
export function dataThreadsFor(cores: number): number {
  return Math.max(1, Math.min(MAX_AUTOMATIC, Math.floor(cores / 2)))
}

/** How many threads carry packets: a number, or `auto` for what suits this machine. */
export const dataThreads = z
  .string()
  .transform((text) =>
    text === 'auto' ? dataThreadsFor(availableParallelism()) : /^\d+$/.test(text) ? Number(text) : NaN,
  )
  .refine((threads) => Number.isInteger(threads) && threads >= 1 && threads <= MAX_DATA_THREADS, {
    message: `neither auto nor a number from 1 to ${String(MAX_DATA_THREADS)}`,
  })
