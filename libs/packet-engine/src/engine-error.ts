import { SallyportError } from '@sallyport/foundation'

/** Every reason for which the engine refuses a call; the message says what to do where the caller's user can do it. */
export const ENGINE_ERROR_CODES = [
  'addon-not-built',
  'addon-outdated',
  'bad-argument',
  'bad-address',
  'bad-key-length',
  'unknown-network',
  'duplicate-network',
  'unknown-peer',
  'duplicate-peer',
  'duplicate-address',
  'duplicate-route',
  'duplicate-key-id',
  'no-key',
  'cipher-library-missing',
  'duplicate-tap',
  'no-tap',
  'interface-exists',
  'namespace-missing',
  'no-tun-device',
  'not-permitted',
  'port-in-use',
  'address-not-available',
  'not-listening',
  'unknown-listener',
  'engine-stopped',
  'crypto-failed',
  'system-call-failed',
] as const
export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number]

/** Misuse of the packet engine, or a system call that failed below it. */
export class EngineError extends SallyportError {
  constructor(code: EngineErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options)
  }
}
