import { SallyportError } from '@sallyport/foundation'

/** Every reason for which the engine refuses a call; what a peer does is never one. */
export type TlsEngineErrorCode =
  | 'addon-not-built'
  | 'addon-outdated'
  | 'bad-argument'
  | 'bad-certificate'
  | 'bad-private-key'
  | 'bad-client-ca'
  | 'bad-server-ca'
  | 'crypto-failed'

/** Misuse of the TLS engine, or credentials that it cannot use. */
export class TlsEngineError extends SallyportError {
  constructor(code: TlsEngineErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options)
  }
}
