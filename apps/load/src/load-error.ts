import { SallyportError } from '@sallyport/foundation'

/** Why a run cannot begin. Closed list. */
export type LoadErrorCode =
  | 'usage'
  | 'bad-profile'
  | 'no-profiles'
  | 'bad-credentials'
  | 'no-credentials'
  | 'too-few-profiles'
  | 'not-permitted'
  | 'no-tun-device'
  | 'too-few-descriptors'
  | 'host-command-failed'
  | 'bad-server'
  | 'bad-target'
  | 'engine-failed'
  | 'output'

/** A run that cannot begin or go on; the message says what to change. */
export class LoadError extends SallyportError {
  constructor(code: LoadErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options)
  }
}
