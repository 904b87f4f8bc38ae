import { describeError, errorCode, SallyportError } from '@sallyport/foundation'

interface Address {
  readonly host: string
  readonly port: number
}

/** Opens a listener; throws `cannot-listen`, which says which variable to change. */
export async function listening<Result>(
  variable: string,
  address: Address,
  open: (address: Address) => Promise<Result>,
): Promise<Result> {
  try {
    return await open(address)
  } catch (error) {
    const reason = errorCode(error) === 'EADDRINUSE' ? 'is in use by another program' : describeError(error)
    const where = `${address.host}:${String(address.port)}`
    throw new SallyportError('cannot-listen', `${variable}: ${where} ${reason}; choose another HOST:PORT`, {
      cause: error,
    })
  }
}
