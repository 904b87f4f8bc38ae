import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that the system gives to outgoing connections (ip(7), ip_local_port_range), any of which may take one. */
const PORTS = { first: 12_000, count: 20_000 } as const
/** Each of Vitest's workers has some of its own; two that are asked at once would find the same port free. */
const WORKERS = 10
const COUNT = PORTS.count / WORKERS
const first = PORTS.first + (Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS) * COUNT
let offset = randomInt(COUNT)

/** Finds a TCP port of 127.0.0.1 that nobody uses, for who must know it before it is listened on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    offset = (offset + 1) % COUNT
    // A copy: others may ask while this one is tried.
    const port = first + offset
    if (await isFree(port)) return port
  }
  throw new Error(`every port from ${String(first)} to ${String(first + COUNT - 1)} is in use`)
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}
