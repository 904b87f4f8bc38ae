import { describeError, errorCode, SallyportError } from '@sallyport/foundation'

/** Says which variable to change when a listener cannot be opened. */
export function listenError(
  variable: string,
  { host, port }: { host: string; port: number },
  cause: unknown,
): SallyportError {
  const reason = errorCode(cause) === 'EADDRINUSE' ? 'is in use by another program' : describeError(cause)
  const message = `${variable}: ${host}:${String(port)} ${reason}; choose another HOST:PORT`
  return new SallyportError('cannot-listen', message, { cause })
}
