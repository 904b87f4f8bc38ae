import { errorCode } from '@sallyport/foundation'

/** The code of the error that the call throws; `undefined` when it throws nothing. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return errorCode(error)
  }
}
