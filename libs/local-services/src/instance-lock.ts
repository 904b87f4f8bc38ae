import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'

import { errorCode, SallyportError } from '@sallyport/foundation'

/** Somebody else uses this data directory; the message names the process. */
export class AlreadyRunningError extends SallyportError {}

/**
 * Reserves a directory for this process. The lock is an abstract unix socket (unix(7)) named by the directory: the
 * kernel gives it free when its owner dies, however that happens, so there is no stale lock.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const digest = createHash('sha256').update(realpathSync(directory)).digest('hex')
  const path = `\0sallyport-${digest}`
  const server = createServer((socket) => {
    socket.on('error', () => undefined).end(String(process.pid))
  })
  try {
    await once(server.listen(path), 'listening')
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error
    const pid = await text(connect(path)).catch(() => 'unknown')
    throw new AlreadyRunningError(
      'already-running',
      `Sallyport is already running on ${directory} (pid ${pid}); stop that one first, or choose another data directory`,
    )
  }
  server.unref()
  return {
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
