import type { Server } from 'node:net'

import { describeError, errorCode, SallyportError } from '@sallyport/foundation'

/** A socket that could not be opened; `message` names the variable to change. */
export class ListenError extends SallyportError {
  constructor(variable: string, address: { host: string; port: number }, cause: unknown) {
    const where = `${address.host}:${String(address.port)}`
    const reason = errorCode(cause) === 'EADDRINUSE' ? 'is in use by another process' : describeError(cause)
    super('cannot-listen', `${variable}: ${where} ${reason}`, { cause })
  }
}

/** Opens a listening socket; throws `ListenError`. */
export async function listen(server: Server, variable: string, address: { host: string; port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new ListenError(variable, address, error))
    })
    server.listen(address, resolve)
  })
}

/** Closes a server with its idle connections. */
export async function closeServer(server: Server & { closeAllConnections?(): void }): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections?.()
  })
}
