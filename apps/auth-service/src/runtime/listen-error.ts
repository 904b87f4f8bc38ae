import { describeError, errorCode, SallyportError } from '@sallyport/foundation'

/** A socket that could not be opened; `message` names the variable to change. */
export class ListenError extends SallyportError {
  constructor(variable: string, address: { host: string; port: number }, cause: unknown) {
    const where = `${address.host}:${String(address.port)}`
    const reason = errorCode(cause) === 'EADDRINUSE' ? 'is in use by another process' : describeError(cause)
    super('cannot-listen', `${variable}: ${where} ${reason}`, { cause })
  }
}
