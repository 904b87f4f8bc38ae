import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ManagedProcess } from '@sallyport/local-services'

import type { Namespace } from './netns.ts'
import { SeededRandom } from './seeded-random.ts'

const START_TIMEOUT_MS = 20_000

/** Starts a web server in a namespace (see page-server.ts for what it answers). */
export async function startWebServer(
  namespace: Namespace,
  address: string,
  port: number,
  title: string,
): Promise<ManagedProcess> {
  const program = fileURLToPath(new URL(`./page-server${extname(import.meta.url)}`, import.meta.url))
  const server = new ManagedProcess({
    name: 'web server',
    file: process.execPath,
    args: [program, address, String(port), title],
    namespace: namespace.name,
    stopSignal: 'SIGTERM',
  })
  await server.waitForLine(/^listening$/, START_TIMEOUT_MS)
  return server
}

/** SHA-256 of what the web server gives for `/bytes/N`. */
export function sha256OfBytes(length: number): string {
  const block = new SeededRandom(1).bytes(1 << 20)
  const hash = createHash('sha256')
  for (let left = length; left > 0; left -= block.length)
    hash.update(left < block.length ? block.subarray(0, left) : block)
  return hash.digest('hex')
}
